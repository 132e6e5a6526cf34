-- Purpose: how many quarantined rows of earlier batches wait for their owner. Most nights few or none,
-- and then nobody needs to look for them among millions of accepted keys.
SELECT count(*)
FROM dq.quarantine
WHERE dataset = :dataset AND status <> 'resolved' AND last_seen_batch_id <> :batch_id;

-- Purpose: close the case of a refused file once a file that takes its place is loaded.
-- Can run twice: a closed case stays closed.
UPDATE dq.rejected_file AS r
SET status = 'resolved', resolved_at = now(), resolved_batch_id = :batch_id
FROM meta.received_file AS f
WHERE
    f.batch_id = :batch_id
    AND f.status IN ('read', 'same')
    AND r.dataset = f.dataset
    AND r.status = 'open'
    AND r.modified_at <= f.modified_at
    AND (r.path = f.path OR (r.submitter = f.submitter AND r.period = f.period));

-- Purpose: the batch of a night that is to be judged again: the one that was loaded last, or else landed
-- last. Grain: one row, or none. It only reads.
SELECT
    batch_id,
    status
FROM meta.batch
WHERE dataset = :dataset AND as_of = :night AND replays IS NULL
ORDER BY (status = 'loaded') DESC, batch_key DESC
LIMIT 1;

-- Purpose: the batches of a dataset that were loaded and are not the last one any more. Grain: batch. Replays
-- do not count. It only reads.
SELECT b.batch_id
FROM meta.batch AS b
WHERE
    b.dataset = :dataset AND b.status = 'loaded' AND b.replays IS NULL AND b.batch_id <> :last;

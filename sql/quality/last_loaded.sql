-- Purpose: the batch of a dataset that the warehouse took in last. Grain: one row, or none. Replays do
-- not count: they bring nothing from the source. It only reads.
SELECT batch_id
FROM meta.batch
WHERE dataset = :dataset AND status = 'loaded' AND replays IS NULL
ORDER BY loaded_at DESC, batch_key DESC
LIMIT 1;

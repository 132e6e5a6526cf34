-- Purpose: the batches of a dataset that the warehouse took in, the last one first. Grain: batch. Replays do
-- not count: they bring nothing from the source. It only reads.
SELECT batch_id
FROM meta.batch
WHERE dataset = :dataset AND status = 'loaded' AND replays IS NULL
ORDER BY loaded_at DESC, batch_key DESC;

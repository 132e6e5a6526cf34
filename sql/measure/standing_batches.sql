-- Purpose: the last loaded batch of each dataset on a day. Grain: dataset. Can run twice: it only reads.
SELECT DISTINCT ON (dataset)
    dataset,
    batch_id,
    as_of
FROM meta.batch
WHERE as_of <= :as_of AND replays IS NULL AND status = 'loaded'
ORDER BY dataset ASC, as_of DESC, loaded_at DESC NULLS LAST, batch_key DESC

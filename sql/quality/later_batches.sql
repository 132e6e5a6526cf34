-- Purpose: the loaded batches that are newer than one, in order: what they brought is the newer state.
-- Grain: one row per batch. Replays bring no state of their own. It only reads.
SELECT later.batch_id
FROM meta.batch AS later
INNER JOIN meta.batch AS this ON later.dataset = this.dataset
WHERE
    this.batch_id = :batch_id
    AND later.status = 'loaded'
    AND later.replays IS NULL
    AND (later.as_of, later.batch_key) > (this.as_of, this.batch_key)
ORDER BY later.as_of, later.batch_key;

-- Purpose: what has been asked for, in the same transaction as the rows it brought.
-- Can run twice: a night has one watermark.
INSERT INTO meta.watermark AS w (dataset, as_of, value, batch_id)
VALUES (:dataset, :as_of, :value, :batch_id)
ON CONFLICT (dataset, as_of) DO UPDATE
    SET value = excluded.value, batch_id = excluded.batch_id, advanced_at = now();

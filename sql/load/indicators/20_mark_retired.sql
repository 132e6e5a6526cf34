-- Purpose: an indicator that the reference file no longer has is marked with the night.
-- Inputs: source_keys, all keys of the file. Can run twice: what is marked stays as it is. A batch that
-- brought no keys (a replay, an empty file) marks nothing.
UPDATE dw.dim_indicator AS t
SET
    retired_on = (SELECT b.as_of FROM meta.batch AS b WHERE b.batch_key = :batch_key),
    batch_key = :batch_key
WHERE
    t.indicator_key > 0
    AND t.retired_on IS NULL
    AND NOT t.is_inferred
    AND EXISTS (SELECT FROM source_keys)
    AND NOT EXISTS (SELECT FROM source_keys AS k WHERE k.indicator_code = t.indicator_code);

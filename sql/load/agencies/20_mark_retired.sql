-- Purpose: an agency that the catalogue no longer has is marked with the night.
-- Inputs: source_keys, all keys of the catalogue. Can run twice: what is marked stays as it is. A batch that
-- brought no keys (a replay, an empty catalogue) marks nothing.
UPDATE dw.dim_agency AS t
SET
    retired_on = (SELECT b.as_of FROM meta.batch AS b WHERE b.batch_key = :batch_key),
    batch_key = :batch_key
WHERE
    t.agency_key > 0
    AND t.valid_to IS NULL
    AND t.retired_on IS NULL
    AND NOT t.is_inferred
    AND EXISTS (SELECT FROM source_keys)
    AND NOT EXISTS (SELECT FROM source_keys AS k WHERE k.agency_code = t.agency_code);

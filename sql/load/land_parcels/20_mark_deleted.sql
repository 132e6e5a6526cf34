-- Purpose: a parcel that the source no longer has stays as a tombstone. Inputs: source_keys, all keys of the
-- source, in a night in which some vanished. Can run twice: a tombstone is not marked again. A night
-- that brought no keys deletes nothing.
UPDATE dw.fact_land_parcel AS t
SET is_deleted = TRUE, batch_key = :batch_key
WHERE
    NOT t.is_deleted
    AND EXISTS (SELECT FROM source_keys)
    AND NOT EXISTS (
        SELECT FROM source_keys AS k
        WHERE k.parcel_code = t.parcel_code
    );

-- Purpose: a voucher that the source no longer has stays as a tombstone. Inputs: source_keys, all keys of
-- the source at the moment of the extraction. Can run twice: a tombstone is not marked again. An
-- extraction that brought no keys (an empty source, or keys not asked for) deletes nothing.
UPDATE dw.fact_disbursement AS t
SET is_deleted = TRUE, batch_key = :batch_key
WHERE
    NOT t.is_deleted
    AND EXISTS (SELECT FROM source_keys)
    AND NOT EXISTS (
        SELECT FROM source_keys AS k
        WHERE k.voucher_code = t.voucher_code
    );

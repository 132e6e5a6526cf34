-- Purpose: a record that the source no longer has leaves the fact; what it said is kept as deleted in
-- dw_history, and it comes back if the source has it again. Inputs: source_keys, all keys of the source at
-- the moment of the extraction. Can run twice: what is gone is not found again. An extraction that brought no
-- keys removes nothing, nor is a record removed that this batch has brought.
DELETE FROM dw.fact_health_record AS t
WHERE
    EXISTS (SELECT FROM source_keys)
    AND NOT EXISTS (
        SELECT FROM source_keys AS k
        WHERE k.record_code = t.record_code
    )
    AND NOT EXISTS (
        SELECT FROM accepted AS s
        WHERE s.record_code = t.record_code
    );

-- Purpose: the records in the quarantine that may name a person. Grain: case. It only reads.
SELECT
    quarantine_id,
    business_key,
    raw
FROM dq.quarantine
WHERE dataset = :dataset AND raw <> '{}'
ORDER BY quarantine_id;

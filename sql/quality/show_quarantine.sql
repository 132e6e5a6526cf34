-- Purpose: one case of the quarantine with its whole history. Grain: one row, or none. It only reads.
SELECT
    quarantine_id,
    dataset,
    agency_code,
    status,
    business_key,
    failed_rules,
    first_seen_on,
    raw,
    batch_id,
    last_seen_batch_id,
    resolved_at,
    resolved_batch_id,
    waived_by,
    waived_reason
FROM dq.quarantine
WHERE quarantine_id = :quarantine_id;

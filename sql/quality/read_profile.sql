-- Purpose: one batch's profile. Grain: one row per agency, '' for all of it. Reads only.
SELECT
    agency_code,
    scope,
    row_count,
    metrics
FROM dq.profile
WHERE batch_id = :batch_id;

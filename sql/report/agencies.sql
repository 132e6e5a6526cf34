-- Purpose: what the agencies are called. Grain: one row per agency of the catalogue.
-- A code that only occurs in data (an inferred member) is no agency. Can run twice: it only reads.
SELECT
    agency_code,
    name_vi,
    coalesce(short_name, name_vi) AS short_name
FROM dw.dim_agency
WHERE is_current AND NOT is_inferred AND agency_key > 0
ORDER BY agency_code;

-- Purpose: what was reported of which month. Grain: agency and period. Can run twice: it only reads.
SELECT
    a.agency_code,
    v.period_code,
    min(v.source_updated_at) AS first_submitted_at,
    count(*) AS row_count,
    count(*) FILTER (WHERE v.issued_count = 0) AS zero_count,
    cast(NULL AS bigint) AS unit_count
FROM dw.fact_digital_signature AS v
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
GROUP BY a.agency_code, v.period_code

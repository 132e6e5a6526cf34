-- Purpose: what was reported of which month. Grain: agency and period. Can run twice: it only reads.
-- A line that says why it has no value is a line that was reported; it is not a zero.
SELECT
    a.agency_code,
    v.period_code,
    min(v.submitted_at) AS first_submitted_at,
    count(*) AS row_count,
    count(*) FILTER (WHERE v.month_value = 0) AS zero_count,
    count(DISTINCT v.unit_key) AS unit_count
FROM dw.fact_commune_form_value AS v
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
GROUP BY a.agency_code, v.period_code

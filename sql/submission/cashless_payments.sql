-- Purpose: what was reported of which month; one agency reports for all communes. Grain: period.
-- Can run twice: it only reads.
SELECT
    cast(:owner_agency AS text) AS agency_code,
    v.period_code,
    min(v.source_updated_at) AS first_submitted_at,
    count(*) AS row_count,
    count(*) FILTER (WHERE v.transaction_count = 0) AS zero_count,
    count(DISTINCT v.unit_key) AS unit_count
FROM dw.fact_cashless_payment AS v
GROUP BY v.period_code

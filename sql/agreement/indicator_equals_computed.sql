-- Purpose: a reported indicator of a commune and the one that the facts give, for whole months.
-- Grain: agency, month, indicator and commune. KH1534-07.1 has a pair of its own. Can run twice.
SELECT
    a.agency_code,
    v.period_code,
    m.indicator_code || ' ' || u.unit_code AS subject,
    v.indicator_value AS said,
    m.computed_value AS other
FROM mart.indicator_month AS m
INNER JOIN dw.fact_indicator_value AS v
    ON m.indicator_key = v.indicator_key AND m.scope_key = v.unit_key AND m.period_code = v.period_code
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
WHERE
    m.scope_type = 'commune' AND m.is_computed_whole AND m.computed_value IS NOT NULL AND v.is_current
    AND m.indicator_code <> 'KH1534-07.1'

-- Purpose: a reported percentage and the one that its parts give. Grain: agency, month, indicator and
-- commune.
-- Can run twice: it only reads.
SELECT
    a.agency_code,
    v.period_code,
    i.indicator_code || ' ' || u.unit_code AS subject,
    v.indicator_value AS said,
    round(100 * v.numerator / v.denominator, 2) AS other
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
WHERE v.is_current AND v.denominator > 0 AND v.numerator IS NOT NULL AND v.unit_code = 'percent'

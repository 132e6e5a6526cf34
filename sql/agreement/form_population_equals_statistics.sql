-- Purpose: the population that a commune's form states and the one of the statistics. Grain: month and
-- commune. A form is of the commune as it was at the month's end, the statistics as it was at its beginning.
-- Can run twice: it only reads.
SELECT
    a.agency_code,
    v.period_code,
    u.unit_code AS subject,
    v.month_value AS said,
    p.population_count::numeric AS other
FROM dw.fact_commune_form_value AS v
INNER JOIN dw.dim_commune_form_line AS l ON v.line_key = l.line_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
INNER JOIN dw.dim_administrative_unit AS w ON u.unit_code = w.unit_code
INNER JOIN dw.fact_population AS p ON w.unit_key = p.unit_key AND v.period_code = p.period_code
WHERE v.is_current AND l.line_code = 'DS01' AND v.month_value IS NOT NULL

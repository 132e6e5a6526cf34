-- Purpose: the current value of each indicator that is reported by month, of the last half year, under the
-- key of the next month's row: agency|indicator|commune|2026-M09. Grain: measure, key; a first row without a
-- key names the measure. Only reads.
SELECT
    'indicator_value' AS measure,
    NULL AS key,
    NULL::numeric AS value
UNION ALL
SELECT
    'indicator_value',
    concat_ws(
        '|', a.agency_code, i.indicator_code, u.unit_code,
        to_char(d.calendar_date + interval '1 day', 'YYYY"-M"MM')
    ),
    t.indicator_value
FROM dw.fact_indicator_value AS t
INNER JOIN dw.dim_agency AS a ON t.agency_key = a.agency_key
INNER JOIN dw.dim_indicator AS i ON t.indicator_key = i.indicator_key
INNER JOIN dw.dim_administrative_unit AS u ON t.unit_key = u.unit_key
INNER JOIN dw.dim_date AS d ON t.period_end_date_key = d.date_key
WHERE
    t.is_current
    AND t.period_code LIKE '____-M__'
    AND d.calendar_date BETWEEN :as_of - interval '6 months' AND :as_of;

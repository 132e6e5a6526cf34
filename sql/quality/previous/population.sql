-- Purpose: the population of each commune and month of the last year, under the key of the next month's row
-- as the source writes it: commune|2026-09. Grain: measure, key; a first row without a key names the measure.
-- Only reads.
SELECT
    'population_count' AS measure,
    NULL AS key,
    NULL::bigint AS value
UNION ALL
SELECT
    'population_count',
    u.unit_code || '|' || to_char(d.calendar_date + interval '1 month', 'YYYY-MM'),
    t.population_count
FROM dw.fact_population AS t
INNER JOIN dw.dim_administrative_unit AS u ON t.unit_key = u.unit_key
INNER JOIN dw.dim_date AS d ON t.month_start_date_key = d.date_key
WHERE d.calendar_date BETWEEN :as_of - interval '13 months' AND :as_of;

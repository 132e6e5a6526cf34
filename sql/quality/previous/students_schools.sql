-- Purpose: the students of each school and month of the last quarter, under the key of the next month's row
-- as the source writes it: school|202609. Grain: measure, key; a first row without a key names the measure.
-- Only reads.
SELECT
    'student_count' AS measure,
    NULL AS key,
    NULL::bigint AS value
UNION ALL
SELECT
    'student_count',
    t.school_code || '|' || to_char(d.calendar_date + interval '1 month', 'YYYYMM'),
    t.student_count
FROM dw.fact_school_month AS t
INNER JOIN dw.dim_date AS d ON t.month_start_date_key = d.date_key
WHERE d.calendar_date BETWEEN :as_of - interval '3 months' AND :as_of;

-- Purpose: Một chỉ tiêu của tỉnh thay đổi thế nào qua năm năm?
-- Reads the mart only; it can run twice.
SELECT
    m.period_code,
    m.reported_value,
    m.computed_value
FROM mart.indicator_month AS m
WHERE
    m.indicator_code = :indicator AND m.scope_type = 'province' AND m.scope_key = 0
    AND m.month_start > cast(:month AS date) - interval '5 years'
ORDER BY m.month_start;

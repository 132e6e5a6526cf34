-- Purpose: Tỷ lệ giải quyết đúng hạn toàn tỉnh diễn biến thế nào qua các tháng?
-- Reads the mart only; it can run twice.
SELECT
    m.period_code,
    m.numerator,
    m.denominator,
    round(100.0 * m.numerator / nullif(m.denominator, 0), 2) AS on_time_percent
FROM mart.service_measure AS m
WHERE m.scope_type = 'province' AND m.period_type = 'month' AND m.measure = 'on_time'
ORDER BY m.period_start;

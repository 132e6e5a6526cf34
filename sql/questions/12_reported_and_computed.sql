-- Purpose: Chỉ tiêu nào của xã nào báo cáo khác với số tính từ dữ liệu trong tháng?
-- Reads the mart only; it can run twice.
SELECT
    m.indicator_code,
    s.scope_code AS commune_code,
    s.scope_name AS commune_name,
    m.reported_value,
    m.computed_value,
    m.reported_value - m.computed_value AS difference
FROM mart.indicator_month AS m
INNER JOIN mart.dossier_scope AS s ON m.scope_type = s.scope_type AND m.scope_key = s.scope_key
WHERE
    m.scope_type = 'commune' AND m.month_start = :month
    AND abs(m.reported_value - m.computed_value) > 5
ORDER BY abs(m.reported_value - m.computed_value) DESC, m.indicator_code ASC, s.scope_code ASC
LIMIT 50;

-- Purpose: Xã, phường nào giải quyết đúng hạn kém nhất trong tháng?
-- Reads the mart only; it can run twice.
SELECT
    s.scope_code AS commune_code,
    s.scope_name AS commune_name,
    m.denominator AS dossiers,
    round(100.0 * m.numerator / nullif(m.denominator, 0), 2) AS on_time_percent
FROM mart.service_measure AS m
INNER JOIN mart.dossier_scope AS s ON m.scope_type = s.scope_type AND m.scope_key = s.scope_key
WHERE
    m.scope_type = 'commune' AND m.period_type = 'month' AND m.measure = 'on_time' AND m.period_start = :month
    AND m.denominator > 0
ORDER BY on_time_percent ASC, s.scope_code ASC
LIMIT 20;

-- Purpose: Thủ tục nào trễ hạn nhiều nhất trong tháng?
-- Reads the mart only; it can run twice.
SELECT
    p.procedure_code,
    p.procedure_name,
    p.finished,
    p.finished - p.finished_on_time AS late,
    round(100.0 * (p.finished - p.finished_on_time) / nullif(p.finished, 0), 2) AS late_percent
FROM mart.dossier_procedure_month AS p
WHERE p.scope_type = 'province' AND p.month_start = :month
ORDER BY late DESC, p.procedure_code ASC
LIMIT 10;

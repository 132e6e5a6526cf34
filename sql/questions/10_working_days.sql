-- Purpose: Mỗi cơ quan giải quyết một hồ sơ bình quân mất bao nhiêu ngày làm việc trong năm?
-- Reads the mart only; it can run twice.
SELECT
    s.scope_code AS agency_code,
    s.scope_name AS agency_name,
    p.finished,
    round(p.working_days::numeric / nullif(p.finished, 0), 2) AS working_days
FROM mart.dossier_period AS p
INNER JOIN mart.dossier_scope AS s ON p.scope_type = s.scope_type AND p.scope_key = s.scope_key
WHERE
    p.scope_type = 'agency' AND p.period_type = 'year'
    AND p.period_start = date_trunc('year', cast(:month AS timestamp))::date
ORDER BY working_days DESC NULLS LAST, s.scope_code ASC;

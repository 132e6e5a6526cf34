-- Purpose: Lượng hồ sơ tồn và quá hạn của một cơ quan thay đổi thế nào trong 90 ngày?
-- Reads the mart only; it can run twice.
SELECT
    d.day,
    d.received,
    d.finished,
    d.open_at_end,
    d.overdue_at_end
FROM mart.dossier_day AS d
INNER JOIN mart.dossier_scope AS s ON d.scope_type = s.scope_type AND d.scope_key = s.scope_key
WHERE
    s.scope_type = 'agency' AND s.scope_code = :agency
    AND d.day > cast(:month AS date) - 60 AND d.day <= cast(:month AS date) + 30
ORDER BY d.day;

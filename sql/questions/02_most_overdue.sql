-- Purpose: Mười cơ quan có nhiều hồ sơ quá hạn nhất là những cơ quan nào?
-- Reads the mart only; it can run twice.
SELECT
    s.scope_code AS agency_code,
    s.scope_name AS agency_name,
    d.open_at_end,
    d.overdue_at_end
FROM mart.dossier_day AS d
INNER JOIN mart.dossier_scope AS s ON d.scope_type = s.scope_type AND d.scope_key = s.scope_key
WHERE
    d.scope_type = 'agency'
    AND d.day = (
        SELECT l.day
        FROM mart.dossier_day AS l
        WHERE l.scope_type = 'province'
        ORDER BY l.day DESC
        LIMIT 1
    )
ORDER BY d.overdue_at_end DESC, s.scope_code ASC
LIMIT 10;

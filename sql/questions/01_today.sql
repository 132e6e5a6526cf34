-- Purpose: Hôm qua toàn tỉnh tiếp nhận, giải quyết bao nhiêu hồ sơ, còn tồn và quá hạn bao nhiêu?
-- Reads the mart only; it can run twice.
SELECT
    d.day,
    d.received,
    d.finished,
    d.open_at_end,
    d.overdue_at_end
FROM mart.dossier_day AS d
WHERE d.scope_type = 'province' AND d.scope_key = 0
ORDER BY d.day DESC
LIMIT 1;

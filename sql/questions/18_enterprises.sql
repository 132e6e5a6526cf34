-- Purpose: Trong năm, mỗi xã, phường có bao nhiêu doanh nghiệp thành lập và giải thể?
-- Reads the mart only; it can run twice.
SELECT
    e.commune_code,
    e.commune_name,
    sum(e.events) FILTER (WHERE e.event_type_code = 'DK') AS registered,
    sum(e.events) FILTER (WHERE e.event_type_code = 'GT') AS dissolved
FROM mart.enterprise_event_month AS e
WHERE e.month_start BETWEEN date_trunc('year', cast(:month AS timestamp))::date AND :month
GROUP BY e.unit_key, e.commune_code, e.commune_name
ORDER BY registered DESC NULLS LAST, e.commune_code ASC;

-- Purpose: Từng lĩnh vực có bao nhiêu phần trăm hồ sơ nộp trực tuyến trong năm?
-- Reads the mart only; it can run twice.
SELECT
    p.sector_code,
    sum(p.received) AS received,
    round(100.0 * sum(p.received_online) / nullif(sum(p.received), 0), 2) AS online_percent
FROM mart.dossier_procedure_month AS p
WHERE
    p.scope_type = 'province' AND p.scope_key = 0
    AND p.month_start BETWEEN date_trunc('year', cast(:month AS timestamp))::date AND :month
GROUP BY p.sector_code
ORDER BY online_percent DESC NULLS LAST, p.sector_code ASC;

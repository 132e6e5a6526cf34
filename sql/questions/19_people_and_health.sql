-- Purpose: Mỗi xã, phường có bao nhiêu dân, bao nhiêu phần trăm có hồ sơ sức khỏe và bảo hiểm y tế?
-- Reads the mart only; it can run twice.
SELECT
    p.commune_code,
    p.commune_name,
    p.population,
    h.health_records,
    round(100.0 * h.health_records / nullif(p.population, 0), 2) AS health_record_percent,
    round(100.0 * h.insured / nullif(h.health_records, 0), 2) AS insured_percent
FROM mart.social_month AS p
LEFT JOIN mart.health_state AS h ON p.unit_key = h.unit_key
WHERE p.month_start = :month
ORDER BY p.commune_code;

-- Purpose: Xã nào tăng, giảm mạnh nhất về một chỉ tiêu so với cùng kỳ năm trước?
-- Reads the mart only; it can run twice.
SELECT
    s.scope_code AS commune_code,
    s.scope_name AS commune_name,
    b.reported_value AS last_year,
    n.reported_value AS this_year,
    n.reported_value - b.reported_value AS change
FROM mart.indicator_month AS n
INNER JOIN mart.indicator_month AS b
    ON
        n.indicator_code = b.indicator_code AND n.scope_type = b.scope_type AND n.scope_key = b.scope_key
        AND b.month_start = cast(:month AS date) - interval '1 year'
INNER JOIN mart.dossier_scope AS s ON n.scope_type = s.scope_type AND n.scope_key = s.scope_key
WHERE n.indicator_code = :indicator AND n.scope_type = 'commune' AND n.month_start = :month
ORDER BY abs(n.reported_value - b.reported_value) DESC NULLS LAST, s.scope_code ASC
LIMIT 20;

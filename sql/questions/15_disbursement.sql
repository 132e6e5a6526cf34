-- Purpose: Mỗi dự án đã giải ngân lũy kế được bao nhiêu so với tổng mức đầu tư?
-- Reads the mart only; it can run twice.
SELECT DISTINCT ON (i.project_code)
    i.project_code,
    i.project_name,
    i.month_start AS last_month,
    i.cumulative_million_vnd,
    i.total_investment_million_vnd,
    i.cumulative_percent
FROM mart.investment_month AS i
WHERE i.month_start <= :month
ORDER BY i.project_code ASC, i.month_start DESC;

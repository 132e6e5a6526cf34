-- Purpose: an investment project has versions, as agencies have: a payment keeps the project of its own day.
-- The mart keeps one row per project and year, under the name and with the total that stand today.
CREATE OR REPLACE VIEW mart.disbursement_by_project AS
SELECT
    p.project_code,
    n.name_vi AS project_name,
    n.total_investment_million_vnd,
    f.budget_year,
    count(*) AS vouchers,
    sum(f.amount_vnd) / 1000000 AS disbursed_million_vnd
FROM dw.fact_disbursement AS f
INNER JOIN dw.dim_investment_project AS p ON f.project_key = p.project_key
INNER JOIN dw.dim_investment_project AS n ON p.project_code = n.project_code AND n.is_current
WHERE NOT f.is_deleted
GROUP BY p.project_code, n.name_vi, n.total_investment_million_vnd, f.budget_year;

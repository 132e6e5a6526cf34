-- Purpose: an investment project has versions, as agencies have: a payment keeps the project of its own day.
-- What asks whether facts point to the version of their day asks it of payments too.
DO $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE VIEW meta.fact_member_day AS %s %s',
        rtrim(pg_get_viewdef('meta.fact_member_day'::regclass), '; '),
        'UNION ALL '
        'SELECT ''fact_disbursement'', ''dim_investment_project'', f.project_key, v.calendar_date, count(*) '
        'FROM dw.fact_disbursement AS f INNER JOIN dw.dim_date AS v ON f.disbursed_date_key = v.date_key '
        'WHERE v.calendar_date IS NOT NULL AND NOT f.is_deleted GROUP BY f.project_key, v.calendar_date'
    );
END
$$;
COMMENT ON VIEW meta.fact_member_day IS
'Grain: facts that name the same version of an agency, administrative unit or investment project on the same
day; the days are those by which loads look versions up.';

-- One row per project and year, under the name and with the total that stand today.
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

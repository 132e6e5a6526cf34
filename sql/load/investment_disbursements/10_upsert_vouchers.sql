-- Purpose: add new vouchers and bring changed ones up to date. Grain: one row per voucher.
-- Can run twice: equal rows are left alone; an older state never replaces a later one.
INSERT INTO dw.fact_disbursement AS t (
    voucher_code, project_key, agency_key, disbursed_date_key, budget_year, amount_vnd,
    fund_source_code, is_deleted, source_updated_at, batch_key
)
SELECT
    s.voucher_code,
    coalesce(p.project_key, -1),
    coalesce(a.agency_key, -1),
    dw.date_key(s.disbursed_on, -1),
    s.budget_year,
    s.amount_vnd,
    s.fund_source_code,
    FALSE,
    s.updated_at,
    :batch_key
FROM accepted AS s
LEFT JOIN dw.dim_investment_project AS p
    ON
        s.project_code = p.project_code
        AND s.disbursed_on BETWEEN p.valid_from AND coalesce(p.valid_to, 'infinity')
LEFT JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.disbursed_on BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
ON CONFLICT (voucher_code) DO UPDATE
    SET
        project_key = excluded.project_key,
        agency_key = excluded.agency_key,
        disbursed_date_key = excluded.disbursed_date_key,
        budget_year = excluded.budget_year,
        amount_vnd = excluded.amount_vnd,
        fund_source_code = excluded.fund_source_code,
        is_deleted = FALSE,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.project_key, t.agency_key, t.disbursed_date_key, t.budget_year, t.amount_vnd,
        t.fund_source_code, t.is_deleted, t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.project_key,
        excluded.agency_key,
        excluded.disbursed_date_key,
        excluded.budget_year,
        excluded.amount_vnd, excluded.fund_source_code, FALSE, excluded.source_updated_at
    );

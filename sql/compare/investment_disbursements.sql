-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    p.project_code,
    a.agency_code,
    t.budget_year,
    d.calendar_date AS disbursed_on,
    t.amount_vnd,
    t.fund_source_code,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.fact_disbursement AS t ON s.voucher_code = t.voucher_code
INNER JOIN dw.dim_investment_project AS p ON t.project_key = p.project_key
INNER JOIN dw.dim_agency AS a ON t.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON t.disbursed_date_key = d.date_key
WHERE NOT t.is_deleted

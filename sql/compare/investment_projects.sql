-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.name_vi,
    t.total_investment_million_vnd,
    t.fund_source_code,
    t.fund_source_raw,
    t.plan_code,
    t.province_code,
    t.source_document,
    t.source_date,
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_investment_project AS t ON s.project_code = t.project_code AND t.is_current

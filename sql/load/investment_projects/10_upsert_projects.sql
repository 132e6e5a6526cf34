-- Purpose: the investment projects, with their source. Grain: one row per project code.
-- Can run twice: equal rows are left alone; an inferred row is completed, one that has come back is in force
-- again.
INSERT INTO dw.dim_investment_project AS t (
    project_code,
    name_vi,
    total_investment_million_vnd,
    fund_source_code,
    fund_source_raw,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    batch_key
)
SELECT
    project_code,
    name_vi,
    total_investment_million_vnd,
    fund_source_code,
    fund_source_raw,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    :batch_key
FROM accepted
ORDER BY project_code
ON CONFLICT (project_code, valid_from) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        total_investment_million_vnd = excluded.total_investment_million_vnd,
        fund_source_code = excluded.fund_source_code,
        fund_source_raw = excluded.fund_source_raw,
        plan_code = excluded.plan_code,
        province_code = excluded.province_code,
        source_document = excluded.source_document,
        source_date = excluded.source_date,
        source_place = excluded.source_place,
        is_inferred = FALSE,
        retired_on = NULL,
        batch_key = excluded.batch_key
    WHERE
    (
        t.name_vi,
        t.total_investment_million_vnd,
        t.fund_source_code,
        t.fund_source_raw,
        t.plan_code,
        t.province_code,
        t.source_document,
        t.source_date,
        t.source_place,
        t.is_inferred,
        t.retired_on
    ) IS DISTINCT FROM (
        excluded.name_vi,
        excluded.total_investment_million_vnd,
        excluded.fund_source_code,
        excluded.fund_source_raw,
        excluded.plan_code,
        excluded.province_code,
        excluded.source_document,
        excluded.source_date,
        excluded.source_place,
        FALSE,
        NULL
    );

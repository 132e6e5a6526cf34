-- Purpose: the indicators of each plan, with their source. Grain: one row per indicator code.
-- Can run twice: equal rows are left alone; an inferred row is completed, one that has come back is in force
-- again.
INSERT INTO dw.dim_indicator AS t (
    indicator_code,
    parent_code,
    name_vi,
    unit_code,
    unit_raw,
    direction,
    row_type,
    lead_agency_raw,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    batch_key
)
SELECT
    indicator_code,
    parent_code,
    name_vi,
    unit_code,
    unit_raw,
    direction,
    row_type,
    lead_agency_raw,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    :batch_key
FROM accepted
ORDER BY indicator_code
ON CONFLICT (indicator_code) DO UPDATE
    SET
        parent_code = excluded.parent_code,
        name_vi = excluded.name_vi,
        unit_code = excluded.unit_code,
        unit_raw = excluded.unit_raw,
        direction = excluded.direction,
        row_type = excluded.row_type,
        lead_agency_raw = excluded.lead_agency_raw,
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
        t.parent_code,
        t.name_vi,
        t.unit_code,
        t.unit_raw,
        t.direction,
        t.row_type,
        t.lead_agency_raw,
        t.plan_code,
        t.province_code,
        t.source_document,
        t.source_date,
        t.source_place,
        t.is_inferred,
        t.retired_on
    ) IS DISTINCT FROM (
        excluded.parent_code,
        excluded.name_vi,
        excluded.unit_code,
        excluded.unit_raw,
        excluded.direction,
        excluded.row_type,
        excluded.lead_agency_raw,
        excluded.plan_code,
        excluded.province_code,
        excluded.source_document,
        excluded.source_date,
        excluded.source_place,
        FALSE,
        NULL
    );

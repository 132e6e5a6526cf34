-- Purpose: the tasks of a plan, with their source. Grain: one row per task code.
-- Can run twice: equal rows are left alone; one that has come back is in force again.
INSERT INTO dw.dim_plan_task AS t (
    task_code,
    group_vi,
    name_vi,
    lead_agency_raw,
    partner_agencies_raw,
    output_vi,
    deadline_raw,
    deadline_date,
    deadline_kind,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    batch_key
)
SELECT
    task_code,
    group_vi,
    name_vi,
    lead_agency_raw,
    partner_agencies_raw,
    output_vi,
    deadline_raw,
    deadline_date,
    deadline_kind,
    plan_code,
    province_code,
    source_document,
    source_date,
    source_place,
    :batch_key
FROM accepted
ORDER BY task_code
ON CONFLICT (task_code) DO UPDATE
    SET
        group_vi = excluded.group_vi,
        name_vi = excluded.name_vi,
        lead_agency_raw = excluded.lead_agency_raw,
        partner_agencies_raw = excluded.partner_agencies_raw,
        output_vi = excluded.output_vi,
        deadline_raw = excluded.deadline_raw,
        deadline_date = excluded.deadline_date,
        deadline_kind = excluded.deadline_kind,
        plan_code = excluded.plan_code,
        province_code = excluded.province_code,
        source_document = excluded.source_document,
        source_date = excluded.source_date,
        source_place = excluded.source_place,
        retired_on = NULL,
        batch_key = excluded.batch_key
    WHERE
    (
        t.group_vi,
        t.name_vi,
        t.lead_agency_raw,
        t.partner_agencies_raw,
        t.output_vi,
        t.deadline_raw,
        t.deadline_date,
        t.deadline_kind,
        t.plan_code,
        t.province_code,
        t.source_document,
        t.source_date,
        t.source_place,
        t.retired_on
    ) IS DISTINCT FROM (
        excluded.group_vi,
        excluded.name_vi,
        excluded.lead_agency_raw,
        excluded.partner_agencies_raw,
        excluded.output_vi,
        excluded.deadline_raw,
        excluded.deadline_date,
        excluded.deadline_kind,
        excluded.plan_code,
        excluded.province_code,
        excluded.source_document,
        excluded.source_date,
        excluded.source_place,
        NULL
    );

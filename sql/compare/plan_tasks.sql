-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
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
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_plan_task AS t ON s.task_code = t.task_code

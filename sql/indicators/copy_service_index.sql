-- Purpose: the warehouse's copy of include/service_index.yaml. Grain: version and component.
-- Can run twice: the copy is what was handed in, whatever it was before.
DELETE FROM meta.service_component;

INSERT INTO meta.service_component (
    valid_from,
    component_id,
    valid_to,
    component_number,
    component_title,
    group_id,
    group_number,
    group_title,
    group_maximum, maximum, measure, full_at, formula_vi, missing_vi, certainty, source_document
)
SELECT
    c.valid_from,
    c.component_id,
    c.valid_to,
    c.component_number,
    c.component_title,
    c.group_id,
    c.group_number,
    c.group_title,
    c.group_maximum,
    c.maximum,
    c.measure,
    c.full_at,
    c.formula_vi,
    c.missing_vi,
    c.certainty,
    c.source_document
FROM jsonb_populate_recordset(NULL::meta.service_component, cast(:components AS jsonb)) AS c;

-- Purpose: the lines of the communes' form. Grain: one row per line code.
-- Can run twice: equal rows are left alone; one that has come back is in force again.
INSERT INTO dw.dim_commune_form_line AS t (
    line_code, name_vi, unit_vi, unit_code, group_vi, measure_kind, position, form_code, source_document,
    source_place, batch_key
)
SELECT
    line_code,
    name_vi,
    unit_vi,
    unit_code,
    group_vi,
    measure_kind,
    position,
    form_code,
    source_document,
    source_place,
    :batch_key
FROM accepted
ORDER BY line_code
ON CONFLICT (line_code) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        unit_vi = excluded.unit_vi,
        unit_code = excluded.unit_code,
        group_vi = excluded.group_vi,
        measure_kind = excluded.measure_kind,
        position = excluded.position,
        form_code = excluded.form_code,
        source_document = excluded.source_document,
        source_place = excluded.source_place,
        retired_on = NULL,
        batch_key = excluded.batch_key
    WHERE
    (
        t.name_vi, t.unit_vi, t.unit_code, t.group_vi, t.measure_kind, t.position, t.form_code,
        t.source_document, t.source_place, t.retired_on
    )
    IS DISTINCT FROM (
        excluded.name_vi,
        excluded.unit_vi,
        excluded.unit_code,
        excluded.group_vi,
        excluded.measure_kind,
        excluded.position,
        excluded.form_code,
        excluded.source_document,
        excluded.source_place,
        NULL
    );

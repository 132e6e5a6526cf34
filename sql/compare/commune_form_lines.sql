-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.name_vi,
    t.unit_vi,
    t.unit_code,
    t.group_vi,
    t.measure_kind,
    t.position,
    t.form_code,
    t.source_document,
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_commune_form_line AS t ON s.line_code = t.line_code

-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.valid_to,
    t.unit_level,
    t.unit_type,
    t.name_vi,
    t.short_name,
    t.parent_code,
    t.province_code,
    t.area_km2,
    t.source_document,
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_administrative_unit AS t
    ON s.unit_code = t.unit_code AND s.valid_from = t.valid_from

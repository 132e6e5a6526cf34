-- Purpose: the units of the province with their spans of validity. Grain: unit code and valid_from.
-- Can run twice: equal rows are left alone.
INSERT INTO dw.dim_administrative_unit AS t (
    unit_code, valid_from, valid_to, unit_level, unit_type, name_vi, short_name, parent_code,
    province_code, area_km2, source_document, source_place, batch_key
)
SELECT
    unit_code,
    valid_from,
    valid_to,
    unit_level,
    unit_type,
    name_vi,
    short_name,
    parent_code,
    province_code,
    area_km2,
    source_document,
    source_place,
    :batch_key
FROM accepted
ORDER BY unit_code, valid_from
ON CONFLICT (unit_code, valid_from) DO UPDATE
    SET
        valid_to = excluded.valid_to,
        unit_level = excluded.unit_level,
        unit_type = excluded.unit_type,
        name_vi = excluded.name_vi,
        short_name = excluded.short_name,
        parent_code = excluded.parent_code,
        province_code = excluded.province_code,
        area_km2 = excluded.area_km2,
        source_document = excluded.source_document,
        source_place = excluded.source_place,
        is_inferred = FALSE,
        batch_key = excluded.batch_key
    WHERE
    (
        t.valid_to,
        t.unit_level,
        t.unit_type,
        t.name_vi,
        t.short_name,
        t.parent_code,
        t.province_code,
        t.area_km2,
        t.source_document,
        t.source_place,
        t.is_inferred
    ) IS DISTINCT FROM (
        excluded.valid_to,
        excluded.unit_level,
        excluded.unit_type,
        excluded.name_vi,
        excluded.short_name,
        excluded.parent_code,
        excluded.province_code,
        excluded.area_km2,
        excluded.source_document,
        excluded.source_place,
        FALSE
    );

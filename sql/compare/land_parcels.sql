-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    u.unit_code AS commune_code,
    t.map_sheet,
    t.parcel_number,
    t.area_m2,
    t.land_use_code,
    d.calendar_date AS certified_on
FROM compared AS s
INNER JOIN dw.fact_land_parcel AS t ON s.parcel_code = t.parcel_code
INNER JOIN dw.dim_administrative_unit AS u ON t.unit_key = u.unit_key
INNER JOIN dw.dim_date AS d ON t.certified_date_key = d.date_key
WHERE NOT t.is_deleted

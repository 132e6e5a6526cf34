-- Purpose: the state of each parcel that is new or changed, without its holder. Grain: parcel.
-- Can run twice: equal rows are left alone. The source says of no row when it changed; a batch whose base is
-- not the last loaded one is refused before this runs, so what comes is always newer.
INSERT INTO dw.fact_land_parcel AS t (
    parcel_code, unit_key, map_sheet, parcel_number, area_m2, land_use_code, has_certificate,
    certified_date_key, is_deleted, batch_key
)
SELECT
    s.parcel_code,
    coalesce(u.unit_key, -1),
    s.map_sheet,
    s.parcel_number,
    s.area_m2,
    s.land_use_code,
    s.certificate_number IS NOT NULL AS has_certificate,
    dw.date_key(s.certified_on, -2),
    FALSE AS is_deleted,
    :batch_key
FROM accepted AS s
INNER JOIN meta.batch AS b ON b.batch_key = :batch_key
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND b.as_of BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (parcel_code) DO UPDATE
    SET
        unit_key = excluded.unit_key,
        map_sheet = excluded.map_sheet,
        parcel_number = excluded.parcel_number,
        area_m2 = excluded.area_m2,
        land_use_code = excluded.land_use_code,
        has_certificate = excluded.has_certificate,
        certified_date_key = excluded.certified_date_key,
        is_deleted = FALSE,
        batch_key = excluded.batch_key
    WHERE
    (
        t.unit_key, t.map_sheet, t.parcel_number, t.area_m2, t.land_use_code, t.has_certificate,
        t.certified_date_key, t.is_deleted
    ) IS DISTINCT FROM (
        excluded.unit_key, excluded.map_sheet, excluded.parcel_number, excluded.area_m2,
        excluded.land_use_code, excluded.has_certificate, excluded.certified_date_key, FALSE
    );

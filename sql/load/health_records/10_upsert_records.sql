-- Purpose: the latest state of each health record, without name, citizen id and card number. Grain: record.
-- Can run twice: equal rows are left alone; an older state never replaces a newer one.
INSERT INTO dw.fact_health_record AS t (
    record_code, unit_key, birth_year, gender_code, has_insurance, examined_date_key, health_class,
    source_updated_at, batch_key
)
SELECT
    s.record_code,
    coalesce(u.unit_key, -1),
    extract(YEAR FROM s.birth_date),
    s.gender_code,
    s.insurance_number IS NOT NULL AS has_insurance,
    dw.date_key(s.examined_on, -2),
    s.health_class,
    s.updated_at,
    :batch_key
FROM accepted AS s
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND coalesce(s.examined_on, s.updated_at::date)
        BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (record_code) DO UPDATE
    SET
        unit_key = excluded.unit_key,
        birth_year = excluded.birth_year,
        gender_code = excluded.gender_code,
        has_insurance = excluded.has_insurance,
        examined_date_key = excluded.examined_date_key,
        health_class = excluded.health_class,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.unit_key, t.birth_year, t.gender_code, t.has_insurance, t.examined_date_key, t.health_class,
        t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.unit_key, excluded.birth_year, excluded.gender_code, excluded.has_insurance,
        excluded.examined_date_key, excluded.health_class, excluded.source_updated_at
    );

-- Purpose: facts from the agencies' databases. No name, citizen id or card number of a person gets here.
CREATE TABLE dw.fact_population (
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key),
    period_code text NOT NULL,
    month_start_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    household_count bigint NOT NULL,
    population_count bigint NOT NULL,
    female_count bigint NOT NULL,
    birth_count bigint,
    death_count bigint,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (unit_key, period_code)
);
COMMENT ON TABLE dw.fact_population IS
'Grain: one row per commune and month. Counts of people are those at its end; months do not add up.';

CREATE TABLE dw.fact_health_record (
    record_code text PRIMARY KEY,
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key) NOT ENFORCED,
    birth_year smallint NOT NULL,
    gender_code text,
    has_insurance boolean NOT NULL,
    examined_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    health_class smallint,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL
);
COMMENT ON TABLE dw.fact_health_record IS
'Grain: one row per health record, without the person. Keys are resolved by join; a test looks for orphans.';

CREATE TABLE dw.fact_school_month (
    school_code text NOT NULL,
    period_code text NOT NULL,
    month_start_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    school_name text NOT NULL,
    level_code text NOT NULL,
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key),
    class_count bigint NOT NULL,
    student_count bigint NOT NULL,
    girl_count bigint NOT NULL,
    teacher_count bigint,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (school_code, period_code)
);
COMMENT ON TABLE dw.fact_school_month IS 'Grain: one row per school and month; months do not add up.';

CREATE TABLE dw.fact_land_parcel (
    parcel_code text PRIMARY KEY,
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key) NOT ENFORCED,
    map_sheet bigint NOT NULL,
    parcel_number bigint NOT NULL,
    area_m2 numeric(12, 1) NOT NULL,
    land_use_code text NOT NULL,
    has_certificate boolean NOT NULL,
    certified_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    is_deleted boolean NOT NULL DEFAULT FALSE,
    batch_key integer NOT NULL
);
COMMENT ON TABLE dw.fact_land_parcel IS
'Grain: one row per parcel, without its holder; a parcel deleted at the source stays, marked is_deleted.';

CREATE VIEW mart.health_by_commune AS
SELECT
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    count(*) AS record_count,
    count(*) FILTER (WHERE f.has_insurance) AS insured_count,
    count(*) FILTER (WHERE f.health_class <= 2) AS good_health_count
FROM dw.fact_health_record AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
GROUP BY u.unit_code, u.name_vi;
COMMENT ON VIEW mart.health_by_commune IS 'Grain: one row per commune; counts of people, nobody by himself.';

CREATE VIEW mart.land_use_by_commune AS
SELECT
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    f.land_use_code,
    count(*) AS parcel_count,
    sum(f.area_m2) AS area_m2,
    count(*) FILTER (WHERE f.has_certificate) AS certified_count
FROM dw.fact_land_parcel AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
WHERE NOT f.is_deleted
GROUP BY u.unit_code, u.name_vi, f.land_use_code;
COMMENT ON VIEW mart.land_use_by_commune IS 'Grain: one row per commune and kind of land.';

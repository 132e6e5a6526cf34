-- Purpose: what everybody may read, with small numbers of persons left out. Method: a count of 1 to
-- smallest_count - 1 is not shown (cell suppression), and where it could be found as a difference, the
-- next smallest cell beside it is not shown either (complementary suppression, along the one margin that is
-- shown).
-- Of a part and its whole, the rest counts as a cell too. Zeros are shown.
CREATE SCHEMA open_data;
COMMENT ON SCHEMA open_data IS 'What everybody may read; small numbers of persons are left out.';

CREATE TABLE meta.disclosure (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    smallest_count integer NOT NULL DEFAULT 5 CHECK (smallest_count >= 3)
);
INSERT INTO meta.disclosure DEFAULT VALUES;
COMMENT ON TABLE meta.disclosure IS 'The smallest number of persons that open data shows.';

CREATE FUNCTION meta.is_small(counted bigint, smallest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1 BETWEEN 1 AND $2 - 1 $$;
COMMENT ON FUNCTION meta.is_small(bigint, integer) IS 'Whether a count of persons is too small to be shown.';

CREATE VIEW open_data.enterprise_by_commune WITH (security_barrier) AS
WITH cell AS (
    SELECT
        e.commune_code,
        e.commune_name,
        e.entity_type_code,
        d.smallest_count,
        sum(e.enterprises)::bigint AS enterprises
    FROM mart.enterprise_state AS e
    CROSS JOIN meta.disclosure AS d
    GROUP BY e.commune_code, e.commune_name, e.entity_type_code, d.smallest_count
),

ranked AS (
    SELECT
        c.*,
        meta.is_small(c.enterprises, c.smallest_count) AS is_small,
        count(*) FILTER (WHERE meta.is_small(c.enterprises, c.smallest_count)) OVER commune AS small_cells,
        sum(c.enterprises) FILTER (WHERE meta.is_small(c.enterprises, c.smallest_count)) OVER commune
            AS small_sum,
        sum(c.enterprises) OVER commune AS commune_enterprises,
        row_number() OVER (
            PARTITION BY c.commune_code
            ORDER BY meta.is_small(c.enterprises, c.smallest_count), c.enterprises, c.entity_type_code
        ) AS place
    FROM cell AS c
    WINDOW commune AS (PARTITION BY c.commune_code)
),

hidden AS (
    SELECT
        r.*,
        r.is_small
        OR (r.place = 1 AND r.small_cells > 0 AND (r.small_cells = 1 OR r.small_sum < r.smallest_count))
            AS is_suppressed,
        count(*) FILTER (WHERE NOT r.is_small) OVER (PARTITION BY r.commune_code) AS large_cells
    FROM ranked AS r
)

SELECT
    h.commune_code,
    h.commune_name,
    h.entity_type_code,
    CASE WHEN NOT h.is_suppressed THEN h.enterprises END AS enterprises,
    -- Where every cell is small, one cell or a sum below the limit would be told by the total.
    CASE
        WHEN h.large_cells > 0 OR (h.small_cells > 1 AND h.small_sum >= h.smallest_count)
            THEN h.commune_enterprises
    END::bigint AS commune_enterprises,
    h.is_suppressed
FROM hidden AS h;
COMMENT ON VIEW open_data.enterprise_by_commune IS
'Grain: one row per commune and kind of entity. Doanh nghiệp, hộ kinh doanh theo xã; số nhỏ không công bố.';

CREATE VIEW open_data.health_by_commune WITH (security_barrier) AS
SELECT
    h.commune_code,
    h.commune_name,
    CASE WHEN NOT meta.is_small(h.health_records, d.smallest_count) THEN h.health_records END
        AS health_records,
    CASE
        WHEN NOT (
            meta.is_small(h.health_records, d.smallest_count)
            OR meta.is_small(h.insured, d.smallest_count)
            OR meta.is_small(h.health_records - h.insured, d.smallest_count)
        ) THEN h.insured
    END AS insured,
    CASE
        WHEN NOT (
            meta.is_small(h.health_records, d.smallest_count)
            OR meta.is_small(h.in_good_health, d.smallest_count)
            OR meta.is_small(h.health_records - h.in_good_health, d.smallest_count)
        ) THEN h.in_good_health
    END AS in_good_health
FROM mart.health_state AS h
CROSS JOIN meta.disclosure AS d;
COMMENT ON VIEW open_data.health_by_commune IS
'Grain: one row per commune; NULL is a number too small to be shown. Hồ sơ sức khỏe theo xã.';

CREATE VIEW open_data.population_by_commune WITH (security_barrier) AS
SELECT
    s.commune_code,
    s.commune_name,
    s.period_code,
    s.month_start,
    CASE WHEN NOT meta.is_small(s.households, d.smallest_count) THEN s.households END AS households,
    CASE WHEN NOT meta.is_small(s.population, d.smallest_count) THEN s.population END AS population,
    CASE
        WHEN NOT (
            meta.is_small(s.population, d.smallest_count)
            OR meta.is_small(s.women, d.smallest_count)
            OR meta.is_small(s.population - s.women, d.smallest_count)
        ) THEN s.women
    END AS women,
    CASE WHEN NOT meta.is_small(s.births, d.smallest_count) THEN s.births END AS births,
    CASE WHEN NOT meta.is_small(s.deaths, d.smallest_count) THEN s.deaths END AS deaths
FROM mart.social_month AS s
CROSS JOIN meta.disclosure AS d
WHERE s.population IS NOT NULL;
COMMENT ON VIEW open_data.population_by_commune IS
'Grain: one row per commune and month; NULL is a number too small to be shown, or not told. Dân số theo xã.';

CREATE VIEW open_data.dossier_by_agency WITH (security_barrier) AS
WITH part AS (
    SELECT
        m.*,
        d.smallest_count,
        meta.is_small(m.received, d.smallest_count) AS is_small
    FROM mart.dossier_by_agency AS m
    CROSS JOIN meta.disclosure AS d
)

SELECT
    p.agency_code,
    p.agency_name,
    p.year,
    p.month,
    CASE WHEN NOT p.is_small THEN p.received END AS received,
    CASE
        WHEN NOT (
            p.is_small OR meta.is_small(p.finished, p.smallest_count)
            OR meta.is_small(p.received - p.finished, p.smallest_count)
        ) THEN p.finished
    END AS finished,
    CASE
        WHEN NOT (
            p.is_small OR meta.is_small(p.finished, p.smallest_count)
            OR meta.is_small(p.received - p.finished, p.smallest_count)
            OR meta.is_small(p.finished_on_time, p.smallest_count)
            OR meta.is_small(p.finished - p.finished_on_time, p.smallest_count)
        ) THEN p.finished_on_time
    END AS finished_on_time,
    CASE
        WHEN NOT (
            p.is_small OR meta.is_small(p.received_online, p.smallest_count)
            OR meta.is_small(p.received - p.received_online, p.smallest_count)
        ) THEN p.received_online
    END AS received_online
FROM part AS p;
COMMENT ON VIEW open_data.dossier_by_agency IS
'Grain: one row per agency and month of receipt; NULL is a number too small to be shown. Hồ sơ theo cơ quan.';

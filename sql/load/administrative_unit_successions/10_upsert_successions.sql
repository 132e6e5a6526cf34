-- Purpose: which unit went into which on the day of a reorganisation, and what share of it.
-- Grain: old unit and new unit. Can run twice: equal rows are left alone.
-- The share is the stated one; else by the parts' population, if it is known of all of them; else by their
-- area, likewise; else the parts count the same. Shares of a divided unit make one whole.
INSERT INTO dw.bridge_administrative_unit_succession AS t (
    old_unit_key, new_unit_key, effective_date, succession_kind, is_default, weight, weight_method,
    part_population, part_area_km2, source_document, source_place, batch_key
)
WITH part AS (
    SELECT
        s.*,
        count(*) OVER unit AS parts,
        count(s.weight) OVER unit AS stated,
        count(s.part_population) OVER unit AS peopled,
        count(s.part_area_km2) OVER unit AS measured,
        sum(s.part_population) OVER unit AS people,
        sum(s.part_area_km2::numeric) OVER unit AS area_km2
    FROM accepted AS s
    WINDOW unit AS (PARTITION BY s.old_unit_code, s.effective_date)
),

judged AS (
    SELECT
        p.*,
        CASE
            WHEN p.parts = 1 THEN 'whole'
            WHEN p.stated = p.parts THEN 'stated'
            WHEN p.peopled = p.parts AND p.people > 0 THEN 'population'
            WHEN p.measured = p.parts AND p.area_km2 > 0 THEN 'area'
            ELSE 'equal'
        END AS method
    FROM part AS p
)

SELECT
    o.unit_key,
    n.unit_key,
    s.effective_date,
    s.succession_kind,
    s.is_default,
    CASE s.method
        WHEN 'whole' THEN 1
        WHEN 'stated' THEN s.weight::numeric
        WHEN 'population' THEN s.part_population::numeric / s.people
        WHEN 'area' THEN s.part_area_km2::numeric / s.area_km2
        ELSE 1::numeric / s.parts
    END,
    s.method,
    s.part_population,
    s.part_area_km2,
    s.source_document,
    s.source_place,
    :batch_key
FROM judged AS s
INNER JOIN dw.dim_administrative_unit AS o
    ON
        s.old_unit_code = o.unit_code
        AND s.effective_date - 1 BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
INNER JOIN dw.dim_administrative_unit AS n
    ON
        s.new_unit_code = n.unit_code
        AND s.effective_date BETWEEN n.valid_from AND coalesce(n.valid_to, 'infinity')
ORDER BY s.old_unit_code, s.new_unit_code
ON CONFLICT (old_unit_key, new_unit_key) DO UPDATE
    SET
        effective_date = excluded.effective_date,
        succession_kind = excluded.succession_kind,
        is_default = excluded.is_default,
        weight = excluded.weight,
        weight_method = excluded.weight_method,
        part_population = excluded.part_population,
        part_area_km2 = excluded.part_area_km2,
        source_document = excluded.source_document,
        source_place = excluded.source_place,
        batch_key = excluded.batch_key
    WHERE
    (
        t.effective_date, t.succession_kind, t.is_default, t.weight, t.weight_method, t.part_population,
        t.part_area_km2, t.source_document, t.source_place
    )
    IS DISTINCT FROM (
        excluded.effective_date, excluded.succession_kind, excluded.is_default, excluded.weight,
        excluded.weight_method, excluded.part_population, excluded.part_area_km2, excluded.source_document,
        excluded.source_place
    );

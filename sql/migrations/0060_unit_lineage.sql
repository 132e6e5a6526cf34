-- Purpose: reorganisations as data: what share of a unit went where, and what each unit is on any day.
ALTER TABLE dw.bridge_administrative_unit_succession
ADD COLUMN weight_method text NOT NULL DEFAULT 'equal' CHECK (
    weight_method IN ('whole', 'stated', 'population', 'area', 'equal')
),
ADD COLUMN part_population bigint,
ADD COLUMN part_area_km2 numeric,
ADD COLUMN is_derived boolean NOT NULL DEFAULT FALSE;
UPDATE dw.bridge_administrative_unit_succession AS b
SET
    weight = CASE WHEN succession_kind = 'whole' THEN 1 ELSE 1::numeric / s.parts END,
    weight_method = CASE WHEN succession_kind = 'whole' THEN 'whole' ELSE 'equal' END
FROM (
    SELECT
        old_unit_key,
        count(*) AS parts
    FROM dw.bridge_administrative_unit_succession
    GROUP BY old_unit_key
) AS s
WHERE b.old_unit_key = s.old_unit_key;
ALTER TABLE dw.bridge_administrative_unit_succession
ALTER COLUMN weight SET NOT NULL,
ADD CHECK (weight BETWEEN 0 AND 1);
COMMENT ON TABLE dw.bridge_administrative_unit_succession IS
'Grain: old unit and new unit. One step; dw.unit_lineage(day) follows all steps up to a day.';
COMMENT ON COLUMN dw.bridge_administrative_unit_succession.weight IS
'The share of the old unit that went this way; the shares of a unit make one whole.';
COMMENT ON COLUMN dw.bridge_administrative_unit_succession.weight_method IS
'whole: not divided; stated: by a document; population, area: by what the parts were; equal: nothing known.';
COMMENT ON COLUMN dw.bridge_administrative_unit_succession.is_derived IS
'Of a district or province that no document speaks of: the province to which its communes went.';

CREATE FUNCTION dw.today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
COMMENT ON FUNCTION dw.today() IS 'Today in Vietnam, whatever the time zone of the session.';

CREATE FUNCTION dw.unit_lineage(as_of date)
RETURNS TABLE (unit_key integer, target_key integer, weight numeric, methods text[], targets bigint)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH RECURSIVE lineage AS (
        SELECT u.unit_key, u.unit_key AS target_key, 1::numeric AS weight, '{}'::text[] AS methods
        FROM dw.dim_administrative_unit AS u
        UNION ALL
        SELECT
            l.unit_key,
            b.new_unit_key,
            l.weight * b.weight,
            CASE WHEN b.weight_method = 'whole' THEN l.methods ELSE l.methods || b.weight_method END
        FROM lineage AS l
        INNER JOIN dw.bridge_administrative_unit_succession AS b
            ON l.target_key = b.old_unit_key AND b.effective_date <= $1
    ),

    arrived AS (
        SELECT l.unit_key, l.target_key, sum(l.weight) AS weight, min(l.methods) AS methods
        FROM lineage AS l
        WHERE NOT EXISTS (
            SELECT FROM dw.bridge_administrative_unit_succession AS b
            WHERE b.old_unit_key = l.target_key AND b.effective_date <= $1
        )
        GROUP BY l.unit_key, l.target_key
    )

    SELECT
        a.unit_key,
        a.target_key,
        a.weight / sum(a.weight) OVER (PARTITION BY a.unit_key),
        a.methods,
        count(*) OVER (PARTITION BY a.unit_key)
    FROM arrived AS a
$$;
COMMENT ON FUNCTION dw.unit_lineage(date) IS
'Each unit of any time, and the unit or units that it is on a day, over all reorganisations up to that day.
The weights of a unit make one whole. A unit that begins later than the day stands for itself; with NULL
every unit does. methods says how the shares were found, step by step, where a unit was divided.';

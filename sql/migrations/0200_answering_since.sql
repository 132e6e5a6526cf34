-- Purpose: since when an agency answers for another: what was due before that day is not its matter. And an
-- agency that gives a part of its work away and lives on answers for its own cases, as before.
DROP FUNCTION IF EXISTS dw.agencies_answering(date);
CREATE FUNCTION dw.agencies_answering(as_of date)
RETURNS TABLE (agency_code text, answers_code text, answers_from date)
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE there AS (
        SELECT a.agency_code
        FROM dw.dim_agency AS a
        WHERE
            a.is_current AND NOT a.is_inferred AND a.agency_key > 0
            AND coalesce(a.retired_on, 'infinity') > $1
    ),

    handed_on AS (
        SELECT b.old_agency_code, b.new_agency_code, b.effective_date
        FROM dw.bridge_agency_succession AS b
        WHERE
            b.effective_date <= $1 AND b.new_agency_code <> b.old_agency_code
            AND (
                b.succession_kind <> 'split'
                OR NOT EXISTS (SELECT FROM there AS t WHERE t.agency_code = b.old_agency_code)
            )
    ),

    step AS (
        SELECT k.agency_code, k.agency_code AS answers_code, NULL::date AS since, 0 AS steps
        FROM (
            SELECT a.agency_code FROM dw.dim_agency AS a
            WHERE a.is_current AND NOT a.is_inferred AND a.agency_key > 0
            UNION
            SELECT h.old_agency_code FROM handed_on AS h
        ) AS k
        UNION ALL
        SELECT s.agency_code, h.new_agency_code, greatest(s.since, h.effective_date), s.steps + 1
        FROM step AS s
        INNER JOIN handed_on AS h ON s.answers_code = h.old_agency_code
        WHERE s.steps < 10
    ),

    answer AS (
        SELECT
            s.agency_code,
            count(DISTINCT t.agency_code) AS agencies,
            min(t.agency_code) AS answers_code,
            max(s.since) FILTER (WHERE t.agency_code IS NOT NULL) AS since
        FROM step AS s
        LEFT JOIN there AS t
            ON
                s.answers_code = t.agency_code
                AND NOT EXISTS (SELECT FROM handed_on AS h WHERE h.old_agency_code = s.answers_code)
        GROUP BY s.agency_code
    )

    SELECT
        a.agency_code,
        CASE WHEN a.agencies = 1 THEN a.answers_code END,
        CASE WHEN a.agencies = 1 THEN a.since END
    FROM answer AS a
$$;
COMMENT ON FUNCTION dw.agencies_answering(date) IS
'Grain: agency of the catalogue, or of a succession; answers_code is who answers for its cases on the day:
itself, also if a part of its work went elsewhere, or its only successor that is there; NULL where there is
none, or several. What NULL leaves open is a matter of the dataset''s owner. answers_from is the day from which
it is the successor, NULL for the agency itself.';

SELECT meta.grant_roles();

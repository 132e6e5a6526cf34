-- Purpose: a fact points to the version of an agency or administrative unit that is valid on the fact's own
-- day, however late that version's news came. Grain: fact, key and version. It only reads. Of a member that
-- has no version on that day, because it was abolished before, the source speaks in error: that is counted
-- among the keys that lead nowhere (sql/measure/members_gone.sql), and no fault of the star's.
WITH misplaced AS (
    SELECT
        f.relation,
        v.member_code,
        v.valid_from,
        v.valid_to,
        min(f.day) AS first_day,
        sum(f.facts) AS facts
    FROM meta.fact_member_day AS f
    INNER JOIN dw.dimension_version AS v ON f.dimension = v.relation AND f.member_key = v.member_key
    WHERE
        f.member_key > 0
        AND f.day NOT BETWEEN v.valid_from AND coalesce(v.valid_to, 'infinity')
        AND EXISTS (
            SELECT FROM dw.dimension_version AS o
            WHERE
                o.relation = v.relation AND o.member_code = v.member_code
                AND f.day BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
        )
    GROUP BY f.relation, v.member_code, v.valid_from, v.valid_to
)

SELECT
    m.relation,
    format(
        '%s, valid from %s to %s', m.member_code, m.valid_from, coalesce(m.valid_to::text, 'now')
    ) AS subject,
    format('%s rows of other days, the first of %s, point to this version', m.facts, m.first_day) AS problem,
    (sum(m.facts) OVER ())::bigint AS broken
FROM misplaced AS m
ORDER BY m.facts DESC, m.relation ASC, m.member_code ASC
LIMIT 20;

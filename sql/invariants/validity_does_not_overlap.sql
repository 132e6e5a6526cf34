-- Purpose: of each member of a dimension with history, one version at most is valid on any day.
-- Grain: version that begins before the one before it has ended. It only reads.
SELECT
    v.relation,
    format('%s from %s', v.member_code, v.valid_from) AS subject,
    format('the next version begins on %s, and this one ends on %s', v.next_from, v.valid_to) AS problem,
    count(*) OVER () AS broken
FROM (
    SELECT
        d.*,
        lead(d.valid_from) OVER (
            PARTITION BY d.relation, d.member_code
            ORDER BY d.valid_from, d.member_key
        ) AS next_from
    FROM dw.dimension_version AS d
) AS v
WHERE v.next_from <= coalesce(v.valid_to, 'infinity')
ORDER BY v.relation, subject
LIMIT 20;

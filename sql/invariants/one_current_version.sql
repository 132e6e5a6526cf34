-- Purpose: each member of a dimension with history has exactly one version without an end. An administrative
-- unit may have none: it has ended. Grain: member. It only reads.
SELECT
    v.relation,
    v.member_code AS subject,
    format('%s current versions', count(*) FILTER (WHERE v.valid_to IS NULL)) AS problem,
    count(*) OVER () AS broken
FROM dw.dimension_version AS v
GROUP BY v.relation, v.member_code
HAVING
    count(*) FILTER (WHERE v.valid_to IS NULL) > 1
    OR (count(*) FILTER (WHERE v.valid_to IS NULL) = 0 AND v.relation <> 'dim_administrative_unit')
ORDER BY v.relation, v.member_code
LIMIT 20;

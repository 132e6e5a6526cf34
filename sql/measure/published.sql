-- Purpose: which marts show which tables of the star, directly or through other views.
-- Grain: mart relation and table. Can run twice: it only reads.
WITH RECURSIVE reads AS (
    SELECT DISTINCT
        v.oid AS mart,
        d.refobjid AS relation
    FROM pg_class AS v
    INNER JOIN pg_rewrite AS w ON v.oid = w.ev_class
    INNER JOIN pg_depend AS d ON w.oid = d.objid
    WHERE
        v.relnamespace = cast('mart' AS regnamespace) AND d.classid = cast('pg_rewrite' AS regclass)
        AND d.refclassid = cast('pg_class' AS regclass) AND d.refobjid <> v.oid
    UNION
    SELECT
        r.mart,
        d.refobjid
    FROM reads AS r
    INNER JOIN pg_rewrite AS w ON r.relation = w.ev_class
    INNER JOIN pg_depend AS d ON w.oid = d.objid
    WHERE
        d.classid = cast('pg_rewrite' AS regclass) AND d.refclassid = cast('pg_class' AS regclass)
        AND d.refobjid <> r.relation
)

SELECT
    m.relname AS mart,
    c.relname AS table_name
FROM reads AS r
INNER JOIN pg_class AS m ON r.mart = m.oid
INNER JOIN pg_class AS c ON r.relation = c.oid
WHERE c.relnamespace = cast('dw' AS regnamespace)
ORDER BY m.relname, c.relname

-- Purpose: functions in SQL that return a table: views read them as they would a view. Grain: function.
-- One that returns the rows of a table (as they were known on a day), and that another one reads, stands for
-- that table.
-- Can run twice: it only reads.
WITH row_type AS (
    SELECT
        t.oid,
        a.attrelid::regclass AS relation,
        array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_type AS t
    INNER JOIN pg_attribute AS a ON t.typrelid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY t.oid, a.attrelid
)

SELECT
    n.nspname || '.' || p.proname AS relation,
    CASE
        WHEN r.oid IS NULL THEN p.prosrc
        ELSE format('SELECT %s FROM %s', array_to_string(r.columns, ', '), r.relation::text)
    END AS definition,
    coalesce(
        r.columns,
        array(
            SELECT u.name
            FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS u (name, mode, place)
            WHERE u.mode = 't'
            ORDER BY u.place
        )
    ) AS columns
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
INNER JOIN pg_language AS l ON p.prolang = l.oid
LEFT JOIN row_type AS r ON p.prorettype = r.oid
WHERE
    p.proretset AND l.lanname = 'sql' AND n.nspname IN ('dw', 'mart', 'dq')
    AND (
        p.proargmodes IS NOT NULL
        OR (
            r.oid IS NOT NULL
            AND EXISTS (
                SELECT FROM pg_proc AS o
                WHERE o.prosrc LIKE '%FROM ' || n.nspname || '.' || p.proname || '(%'
            )
        )
    )
ORDER BY relation;

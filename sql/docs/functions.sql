-- Purpose: functions in SQL that return a table: views read them as they would a view. Grain: function.
-- Can run twice: it only reads.
SELECT
    n.nspname || '.' || p.proname AS relation,
    p.prosrc AS definition,
    array(
        SELECT u.name
        FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS u (name, mode, place)
        WHERE u.mode = 't'
        ORDER BY u.place
    ) AS columns
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
INNER JOIN pg_language AS l ON p.prolang = l.oid
WHERE p.proretset AND l.lanname = 'sql' AND n.nspname IN ('dw', 'mart', 'dq') AND p.proargmodes IS NOT NULL
ORDER BY relation;

-- Purpose: which columns point to a table, whether PostgreSQL enforces it or not. Grain: table and column.
-- It only reads. Partitions are seen by their table. What a fact said before points to what it points to,
-- unless that has a history of its own, in which a version that goes is kept.
WITH pointing AS (
    SELECT
        c.conrelid,
        a.attname
    FROM pg_constraint AS c
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum
    INNER JOIN pg_class AS r ON c.conrelid = r.oid
    WHERE c.contype = 'f' AND c.confrelid = cast(:table_name AS regclass) AND NOT r.relispartition
)

SELECT
    p.conrelid::regclass::text AS from_table,
    p.attname::text AS from_column
FROM pointing AS p
UNION
SELECT
    format('dw_history.%I', r.relname) AS from_table,
    p.attname::text AS from_column
FROM pointing AS p
INNER JOIN meta.history_table AS h ON p.conrelid = h.table_name
INNER JOIN pg_class AS r ON p.conrelid = r.oid
WHERE
    NOT EXISTS (
        SELECT FROM meta.history_table AS o
        WHERE o.table_name = cast(:table_name AS regclass)
    )
ORDER BY from_table, from_column;

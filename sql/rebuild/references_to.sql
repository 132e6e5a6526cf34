-- Purpose: which columns point to a table, whether PostgreSQL enforces it or not. Grain: table and column.
-- It only reads. Partitions are seen by their table.
SELECT
    c.conrelid::regclass::text AS from_table,
    a.attname::text AS from_column
FROM pg_constraint AS c
INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum
INNER JOIN pg_class AS r ON c.conrelid = r.oid
WHERE c.contype = 'f' AND c.confrelid = cast(:table_name AS regclass) AND NOT r.relispartition
ORDER BY from_table, from_column;

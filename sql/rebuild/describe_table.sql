-- Purpose: how a table of the star is compared with its rebuilt form: by which columns a row is known, which
-- one is a number of this warehouse's own, which columns it has besides, and which one says the month where
-- the table lies by month. Grain: table. It only reads.
-- Known by: the unique columns of a table whose primary key is such a number, else the primary key.
WITH surrogate AS (
    SELECT a.attname
    FROM pg_attribute AS a
    WHERE a.attrelid = cast(:table_name AS regclass) AND a.attidentity <> ''
),

keys AS (
    SELECT
        c.contype,
        array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_constraint AS c
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attnum = any(c.conkey)
    WHERE c.conrelid = cast(:table_name AS regclass) AND c.contype IN ('p', 'u')
    GROUP BY c.oid, c.contype
)

SELECT
    (SELECT s.attname::text FROM surrogate AS s) AS surrogate,
    (
        SELECT k.columns
        FROM keys AS k
        WHERE NOT EXISTS (SELECT FROM surrogate AS s WHERE s.attname = any(k.columns))
        ORDER BY k.contype
        LIMIT 1
    ) AS known_by,
    (
        SELECT array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE
            a.attrelid = cast(:table_name AS regclass)
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ) AS columns,
    (
        SELECT a.attname::text
        FROM pg_partitioned_table AS p
        INNER JOIN pg_attribute AS a ON p.partrelid = a.attrelid AND p.partattrs[0] = a.attnum
        WHERE p.partrelid = cast(:table_name AS regclass)
    ) AS month_key;

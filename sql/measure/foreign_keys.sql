-- Purpose: the keys of the facts and the dimensions they lead to; dates are no master data.
-- Grain: fact and key. Can run twice: it only reads.
SELECT
    f.relname AS fact,
    k.attname AS key,
    d.relname AS dimension,
    p.attname AS dimension_key,
    exists(
        SELECT
        FROM pg_attribute AS i
        WHERE i.attrelid = d.oid AND i.attname = 'is_inferred'
    ) AS may_be_inferred
FROM pg_constraint AS c
INNER JOIN pg_class AS f ON c.conrelid = f.oid
INNER JOIN pg_class AS d ON c.confrelid = d.oid
INNER JOIN pg_attribute AS k ON c.conrelid = k.attrelid AND c.conkey[1] = k.attnum
INNER JOIN pg_attribute AS p ON c.confrelid = p.attrelid AND c.confkey[1] = p.attnum
WHERE
    c.contype = 'f' AND c.connamespace = cast('dw' AS regnamespace)
    AND f.relname LIKE 'fact\_%' AND d.relname <> 'dim_date' AND cardinality(c.conkey) = 1
ORDER BY f.relname, k.attname

-- Purpose: which column leads to which table. Grain: foreign key, also those that are not enforced.
-- Can run twice: it only reads.
SELECT
    k.conrelid::regclass::text AS from_relation,
    k.confrelid::regclass::text AS to_relation,
    array_agg(a.attname ORDER BY u.place) AS columns
FROM pg_constraint AS k
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND u.attnum = a.attnum
WHERE k.contype = 'f' AND k.connamespace = 'dw'::regnamespace AND k.conparentid = 0
GROUP BY k.oid
ORDER BY from_relation, to_relation, columns;

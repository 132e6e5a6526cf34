-- Purpose: every column that somebody may read, with what the database says of it. Grain: column.
-- Partitions are their table; yoyo's own tables are not ours. Can run twice: it only reads.
SELECT
    n.nspname || '.' || c.relname AS relation,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
    obj_description(c.oid, 'pg_class') AS relation_comment,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
    a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type_name,
    a.attnotnull AS is_required,
    coalesce(a.attnum = any(k.conkey), FALSE) AS is_key,
    col_description(c.oid, a.attnum) AS column_comment,
    p.column_name IS NOT NULL AS is_pseudonym
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS k ON c.oid = k.conrelid AND k.contype = 'p'
LEFT JOIN meta.pseudonym_column AS p ON c.oid = p.table_name AND a.attname = p.column_name
WHERE
    n.nspname IN ('dw', 'mart', 'open_data', 'dq', 'meta')
    AND c.relkind IN ('r', 'p', 'v', 'm')
    AND NOT c.relispartition
    AND c.relname !~ '^_?yoyo_'
ORDER BY array_position(ARRAY['dw', 'mart', 'open_data', 'dq', 'meta'], n.nspname), c.relname, a.attnum;

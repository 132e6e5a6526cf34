-- Purpose: every key of a fact leads to a member of its dimension. PostgreSQL itself sees to the keys that it
-- enforces; here are those that it was told not to check, in one pass over each fact. A key that is neither
-- enforced nor checked here is reported as well. Grain: fact and key. It only reads.
WITH dossier AS (
    SELECT
        count(*) FILTER (
            WHERE agency_key NOT IN (SELECT d.agency_key FROM dw.dim_agency AS d)
        ) AS agency_key,
        count(*) FILTER (
            WHERE procedure_key NOT IN (SELECT d.procedure_key FROM dw.dim_procedure AS d)
        ) AS procedure_key,
        count(*) FILTER (
            WHERE unit_key NOT IN (SELECT d.unit_key FROM dw.dim_administrative_unit AS d)
        ) AS unit_key,
        count(*) FILTER (
            WHERE received_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS received_date_key,
        count(*) FILTER (
            WHERE due_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS due_date_key,
        count(*) FILTER (
            WHERE finished_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS finished_date_key,
        count(*) FILTER (
            WHERE returned_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS returned_date_key
    FROM dw.fact_dossier
),

dossier_event AS (
    SELECT
        count(*) FILTER (
            WHERE agency_key NOT IN (SELECT d.agency_key FROM dw.dim_agency AS d)
        ) AS agency_key,
        count(*) FILTER (
            WHERE changed_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS changed_date_key
    FROM dw.fact_dossier_event
),

health AS (
    SELECT
        count(*) FILTER (
            WHERE unit_key NOT IN (SELECT d.unit_key FROM dw.dim_administrative_unit AS d)
        ) AS unit_key,
        count(*) FILTER (
            WHERE examined_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS examined_date_key
    FROM dw.fact_health_record
),

parcel AS (
    SELECT
        count(*) FILTER (
            WHERE unit_key NOT IN (SELECT d.unit_key FROM dw.dim_administrative_unit AS d)
        ) AS unit_key,
        count(*) FILTER (
            WHERE certified_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        ) AS certified_date_key
    FROM dw.fact_land_parcel
),

checked AS (
    SELECT
        'fact_dossier' AS relation,
        k.*
    FROM dossier AS d
    CROSS JOIN
        LATERAL (
            VALUES ('agency_key', d.agency_key), ('procedure_key', d.procedure_key), ('unit_key', d.unit_key),
            ('received_date_key', d.received_date_key), ('due_date_key', d.due_date_key),
            ('finished_date_key', d.finished_date_key), ('returned_date_key', d.returned_date_key)
        ) AS k (key_name, lost)
    UNION ALL
    SELECT
        'fact_dossier_event',
        k.*
    FROM dossier_event AS e
    CROSS JOIN
        LATERAL (
            VALUES ('agency_key', e.agency_key), ('changed_date_key', e.changed_date_key)
        ) AS k (key_name, lost)
    UNION ALL
    SELECT
        'fact_health_record',
        k.*
    FROM health AS h
    CROSS JOIN
        LATERAL (
            VALUES ('unit_key', h.unit_key), ('examined_date_key', h.examined_date_key)
        ) AS k (key_name, lost)
    UNION ALL
    SELECT
        'fact_land_parcel',
        k.*
    FROM parcel AS p
    CROSS JOIN
        LATERAL (
            VALUES ('unit_key', p.unit_key), ('certified_date_key', p.certified_date_key)
        ) AS k (key_name, lost)
),

trusted AS (
    SELECT
        r.relname AS relation,
        a.attname AS key_name
    FROM pg_constraint AS c
    INNER JOIN pg_class AS r ON c.conrelid = r.oid
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum
    WHERE
        c.contype = 'f' AND NOT c.conenforced AND c.connamespace = cast('dw' AS regnamespace)
        AND NOT r.relispartition
)

SELECT
    p.relation,
    p.key_name AS subject,
    p.problem,
    p.broken
FROM (
    SELECT
        c.relation,
        c.key_name,
        format('%s rows lead to no member', c.lost) AS problem,
        cast(sum(c.lost) OVER () AS bigint) AS broken
    FROM checked AS c
    WHERE c.lost > 0
    UNION ALL
    SELECT
        t.relation,
        t.key_name,
        'is neither enforced nor checked: add it to this file',
        1
    FROM trusted AS t
    WHERE NOT EXISTS (
        SELECT FROM checked AS c
        WHERE c.relation = t.relation AND c.key_name = t.key_name
    )
) AS p
ORDER BY p.broken DESC, p.relation ASC, p.key_name ASC
LIMIT 20;

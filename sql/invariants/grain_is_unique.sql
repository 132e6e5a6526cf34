-- Purpose: each table of the star has its grain as a primary key that PostgreSQL keeps; of what has revisions
-- one is current; the measures by unit have one row per unit. Grain: table or row. It only reads.
WITH problem AS (
    SELECT
        c.relname AS relation,
        'primary key' AS subject,
        'there is none, or its index is not valid' AS problem
    FROM pg_class AS c
    WHERE
        c.relnamespace = cast('dw' AS regnamespace) AND c.relkind IN ('r', 'p')
        AND NOT EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid
        )
    UNION ALL
    SELECT
        'fact_indicator_value',
        format('indicator %s, agency %s, unit %s, %s', indicator_key, agency_key, unit_key, period_code),
        format('%s current revisions', count(*) FILTER (WHERE is_current))
    FROM dw.fact_indicator_value
    GROUP BY indicator_key, agency_key, unit_key, period_code
    HAVING count(*) FILTER (WHERE is_current) <> 1
    UNION ALL
    SELECT
        'fact_commune_form_value',
        format('line %s, unit %s, %s', line_key, unit_key, period_code),
        format('%s current forms', count(*) FILTER (WHERE is_current))
    FROM dw.fact_commune_form_value
    GROUP BY line_key, unit_key, period_code
    HAVING count(*) FILTER (WHERE is_current) <> 1
    UNION ALL
    SELECT
        'unit_measure',
        concat_ws(' ', measure_code, breakdown, agency_code, period_code, unit_code),
        format('%s rows', count(*))
    FROM mart.unit_measure_as_is
    GROUP BY measure_code, breakdown, agency_code, period_code, unit_code
    HAVING count(*) > 1
)

SELECT
    p.*,
    count(*) OVER () AS broken
FROM problem AS p
ORDER BY p.relation, p.subject
LIMIT 20;

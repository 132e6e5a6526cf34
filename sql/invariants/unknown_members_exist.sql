-- Purpose: each dimension has its unknown (-1) and its not applicable (-2) member: loads point to them.
-- Grain: dimension. It only reads.
SELECT
    d.relation,
    'members -1 and -2' AS subject,
    format('%s of 2 are there', d.members) AS problem,
    count(*) OVER () AS broken
FROM (
    SELECT
        relation,
        count(*) FILTER (WHERE member_key IN (-1, -2)) AS members
    FROM dw.dimension_version
    GROUP BY relation
    UNION ALL
    SELECT
        'dim_date',
        count(*)
    FROM dw.dim_date
    WHERE date_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_procedure',
        count(*)
    FROM dw.dim_procedure
    WHERE procedure_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_indicator',
        count(*)
    FROM dw.dim_indicator
    WHERE indicator_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_plan_task',
        count(*)
    FROM dw.dim_plan_task
    WHERE task_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_commune_form_line',
        count(*)
    FROM dw.dim_commune_form_line
    WHERE line_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_period',
        count(*)
    FROM dw.dim_period
    WHERE period_code IN ('-1', '-2')
    UNION ALL
    SELECT
        'dim_sector',
        count(*)
    FROM dw.dim_sector
    WHERE sector_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_document_type',
        count(*)
    FROM dw.dim_document_type
    WHERE document_type_code IN ('-1', '-2')
    UNION ALL
    SELECT
        'dim_source_system',
        count(*)
    FROM dw.dim_source_system
    WHERE source_system_key IN (-1, -2)
    UNION ALL
    SELECT
        'dim_unit_of_measure',
        count(*)
    FROM dw.dim_unit_of_measure
    WHERE unit_code IN ('-1', '-2')
) AS d
WHERE d.members <> 2
ORDER BY d.relation
LIMIT 20;

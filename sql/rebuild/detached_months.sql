-- Purpose: the months that were taken out of a fact, as a span of date keys each, last one excluded. Grain:
-- month. It only reads. Whoever archived and dropped a detached month has left the log of retention.
WITH kept AS (
    SELECT l.subject AS name
    FROM meta.retention_log AS l
    WHERE l.kind = 'fact_month'
    UNION
    SELECT t.tablename
    FROM pg_tables AS t
    WHERE t.schemaname = 'dw_detached'
),

gone AS (
    SELECT DISTINCT
        to_date(
            substring(k.name FROM '^' || cast(:fact AS text) || '_(\d{4}_\d{2})(_late(_\d+)?)?$'), 'YYYY_MM'
        ) AS first_day
    FROM kept AS k
)

SELECT
    to_char(g.first_day, 'YYYYMMDD')::integer AS first_key,
    to_char(g.first_day + interval '1 month', 'YYYYMMDD')::integer AS end_key
FROM gone AS g
WHERE g.first_day IS NOT NULL
ORDER BY first_key;

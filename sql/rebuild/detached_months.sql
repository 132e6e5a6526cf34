-- Purpose: the months that were taken out of a fact, as a span of date keys each, last one excluded. Grain:
-- month. It only reads. Whoever archived and dropped a detached month has left the log of retention.
SELECT DISTINCT
    to_char(m.first_day, 'YYYYMMDD')::integer AS first_key,
    to_char(m.first_day + interval '1 month', 'YYYYMMDD')::integer AS end_key
FROM (
    SELECT l.subject AS name
    FROM meta.retention_log AS l
    WHERE l.kind = 'fact_month'
    UNION
    SELECT t.tablename
    FROM pg_tables AS t
    WHERE t.schemaname = 'dw_detached'
) AS n
CROSS JOIN LATERAL (
    SELECT substring(n.name FROM '^' || cast(:fact AS text) || '_(\d{4}_\d{2})(_late(_\d+)?)?$') AS month
) AS d
CROSS JOIN LATERAL (SELECT to_date(d.month, 'YYYY_MM') AS first_day) AS m
WHERE d.month IS NOT NULL
ORDER BY first_key;

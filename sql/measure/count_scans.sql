-- Purpose: how often each materialised mart has been read. Grain: relation. Can run twice: it only reads.
SELECT
    s.relname AS relation,
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) AS scans
FROM pg_stat_user_tables AS s
INNER JOIN pg_class AS c ON s.relid = c.oid
WHERE s.schemaname = 'mart' AND c.relkind = 'm';

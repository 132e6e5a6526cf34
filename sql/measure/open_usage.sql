-- Purpose: how often each materialised mart had been read before the night. Grain: night and relation.
-- Can run twice: the first look of a night stands.
INSERT INTO meta.mart_usage (as_of, relation, scans_before, read_by_others)
SELECT
    cast(:as_of AS date),
    s.relname,
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0),
    -- A count that is smaller than it was has been reset: what is there was read since.
    coalesce(
        coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)
        > CASE
            WHEN coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) < l.scans_after THEN 0
            ELSE l.scans_after
        END,
        FALSE
    )
FROM pg_stat_user_tables AS s
INNER JOIN pg_class AS c ON s.relid = c.oid
LEFT JOIN LATERAL (
    SELECT u.scans_after
    FROM meta.mart_usage AS u
    WHERE u.relation = s.relname AND u.as_of < :as_of
    ORDER BY u.as_of DESC
    LIMIT 1
) AS l ON TRUE
WHERE s.schemaname = 'mart' AND c.relkind = 'm'
ON CONFLICT (as_of, relation) DO NOTHING;

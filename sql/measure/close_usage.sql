-- Purpose: how often each materialised mart had been read after the night's report. Grain: night and
-- relation.
-- Can run twice: the last look of a night counts.
UPDATE meta.mart_usage AS u
SET scans_after = coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)
FROM pg_stat_user_tables AS s
WHERE u.as_of = :as_of AND s.schemaname = 'mart' AND s.relname = u.relation;

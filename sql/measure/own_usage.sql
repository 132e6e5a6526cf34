-- Purpose: what was read of each materialised mart since :scans_before is the warehouse's own: the next night
-- counts from there. Grain: relation. Before a night's report is written there is nothing to move on.
-- It adds up: run once for each span of reading.
UPDATE meta.mart_usage AS u
SET scans_after = u.scans_after + greatest(0, coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) - b.scans)
FROM unnest(cast(:relations AS text[]), cast(:scans_before AS bigint[])) AS b (relation, scans)
INNER JOIN pg_stat_user_tables AS s ON b.relation = s.relname AND s.schemaname = 'mart'
WHERE
    u.relation = b.relation
    AND u.as_of = (SELECT max(l.as_of) FROM meta.mart_usage AS l WHERE l.relation = u.relation);

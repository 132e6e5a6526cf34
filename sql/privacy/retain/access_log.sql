-- Purpose: how much of the log of who looked at what is from before a day. Grain: one row. It only reads.
SELECT count(*) AS items
FROM dq.access_log
WHERE accessed_at < :older_than;

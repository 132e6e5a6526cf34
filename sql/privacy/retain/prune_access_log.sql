-- Purpose: what is from before a day leaves the log of who looked at what. Can run twice.
SELECT dq.prune_access_log(:older_than) AS items;

-- Purpose: drafts of a kind from before a day go. Can run twice.
DELETE FROM dq.report
WHERE state = 'draft' AND kind = :kind AND drafted_at < :older_than;

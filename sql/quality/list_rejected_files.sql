-- Purpose: the files that wait for their senders, the oldest first. Grain: one row per case.
-- Can run twice: it only reads.
SELECT
    dataset,
    submitter,
    period,
    path,
    sheet,
    cell,
    reason,
    message,
    remedy_vi,
    first_seen_on,
    due_on,
    count(*) OVER () AS total
FROM dq.rejected_file
WHERE status = 'open' AND (cast(:dataset AS text) IS NULL OR dataset = :dataset)
ORDER BY first_seen_on, dataset, path
LIMIT :at_most;

-- Purpose: the batches that made a dataset's tables what they are, in the order in which they were loaded,
-- each with what its load counted. Grain: loaded batch, replays among them. It only reads.
SELECT
    b.batch_key,
    b.batch_id,
    b.as_of,
    r.accepted,
    r.quarantined,
    r.duplicates,
    (SELECT count(*) FROM meta.row_decision AS d WHERE d.batch_key = b.batch_key) AS decisions
FROM meta.batch AS b
INNER JOIN dq.reconciliation AS r ON b.batch_id = r.batch_id
WHERE b.dataset = :dataset AND b.status = 'loaded'
ORDER BY b.loaded_at, b.batch_key;

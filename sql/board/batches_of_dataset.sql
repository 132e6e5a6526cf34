-- Purpose: the newest batches of a dataset. Grain: one row per batch, at most :most. It only reads.
SELECT
    b.batch_id,
    b.as_of,
    b.status,
    b.fetched,
    b.landed_at,
    r.accepted,
    r.quarantined,
    r.duplicates,
    r.loaded,
    r.balanced,
    b.replays
FROM meta.batch AS b
LEFT JOIN dq.reconciliation AS r ON b.batch_id = r.batch_id
WHERE b.dataset = :dataset
ORDER BY b.as_of DESC, b.batch_key DESC
LIMIT :most;

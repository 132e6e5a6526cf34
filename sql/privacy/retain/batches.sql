-- Purpose: the batches of a dataset that came before a day and are still in the raw zone, and why one has to
-- stay all the same. Grain: batch. A case whose record was erased keeps nothing. It only reads.
SELECT
    b.batch_id,
    b.as_of,
    CASE
        WHEN b.status = 'blocked' AND NOT EXISTS (
            SELECT FROM dq.gate_decision AS d WHERE d.batch_id = b.batch_id AND d.decision <> 'approved'
        ) THEN 'it stands at the gate'
        WHEN b.status NOT IN ('loaded', 'blocked') THEN 'it is not loaded'
        WHEN EXISTS (
            SELECT FROM dq.quarantine AS q
            WHERE
                q.status <> 'resolved' AND q.raw <> '{}'
                AND b.batch_id IN (q.batch_id, q.last_seen_batch_id)
        ) THEN 'a case of it is open or waived'
        WHEN EXISTS (
            SELECT FROM dq.rejected_file AS f
            WHERE f.status = 'open' AND b.batch_id IN (f.batch_id, f.last_seen_batch_id)
        ) THEN 'a file of it waits for its sender'
        WHEN b.batch_id = (
            SELECT n.batch_id
            FROM meta.batch AS n
            WHERE n.dataset = b.dataset AND n.status = 'loaded' AND n.replays IS NULL
            ORDER BY n.loaded_at DESC, n.batch_key DESC
            LIMIT 1
        ) THEN 'it is the last one that was loaded'
    END AS kept_because
FROM meta.batch AS b
WHERE b.dataset = :dataset AND b.as_of < :older_than AND b.raw_removed_on IS NULL
ORDER BY b.as_of, b.batch_key;

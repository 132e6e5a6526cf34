-- Purpose: batches that wait for a person at the gate: undecided as they were judged last, and not overtaken.
-- Grain: one row per batch. It only reads.
SELECT
    g.dataset,
    g.batch_id,
    g.as_of AS since,
    g.fetched,
    g.rejected
FROM dq.gate AS g
INNER JOIN meta.batch AS b ON g.batch_id = b.batch_id
WHERE
    b.status = 'blocked'
    AND NOT EXISTS (
        SELECT FROM dq.gate_decision AS d
        WHERE d.batch_id = g.batch_id AND d.fingerprint = g.fingerprint AND d.decision <> 'timed_out'
    )
    AND NOT EXISTS (
        SELECT FROM meta.batch AS newer
        WHERE
            newer.dataset = g.dataset AND newer.status = 'loaded' AND newer.replays IS NULL
            AND newer.batch_key > b.batch_key
    )
ORDER BY g.dataset, g.batch_id;

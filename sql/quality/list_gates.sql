-- Purpose: the batches that wait at the gate, the newest first; with :all_of_them those that are decided,
-- loaded or overtaken by a newer batch too. Grain: one row per batch. An empty :batch_id stands for every
-- batch. It only reads.
SELECT
    g.batch_id,
    g.dataset,
    g.as_of,
    g.blocked_at,
    g.content_sha256,
    g.contract_version,
    g.suite_sha256,
    g.score,
    g.reasons,
    g.fetched,
    g.rejected,
    g.examples,
    g.fingerprint,
    b.status,
    b.replays,
    d.decision,
    d.decided_by,
    d.reason,
    d.decided_at,
    (
        SELECT max(newer.batch_id) FROM meta.batch AS newer
        WHERE
            newer.dataset = g.dataset
            AND newer.status = 'loaded'
            AND newer.replays IS NULL
            AND newer.batch_key > b.batch_key
    ) AS overtaken_by
FROM dq.gate AS g
INNER JOIN meta.batch AS b ON g.batch_id = b.batch_id
LEFT JOIN dq.gate_decision AS d
    ON g.batch_id = d.batch_id AND g.fingerprint = d.fingerprint AND d.decision <> 'timed_out'
WHERE
    g.batch_id = coalesce(cast(:batch_id AS text), g.batch_id)
    AND (
        :all_of_them
        OR (
            b.status = 'blocked'
            AND d.decision IS NULL
            AND NOT EXISTS (
                SELECT FROM meta.batch AS newer
                WHERE
                    newer.dataset = g.dataset
                    AND newer.status = 'loaded'
                    AND newer.replays IS NULL
                    AND newer.batch_key > b.batch_key
            )
        )
    )
ORDER BY g.blocked_at DESC, g.batch_id ASC;

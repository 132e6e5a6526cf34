-- Purpose: a decision, bound to what was seen. Grain: one row. Can run twice: a person decides once, and a
-- time-out says nothing once somebody has decided or the time was out before.
INSERT INTO dq.gate_decision (
    batch_id, fingerprint, content_sha256, contract_version, suite_sha256, score, decision, decided_by,
    reason, via
)
SELECT
    g.batch_id,
    g.fingerprint,
    g.content_sha256,
    g.contract_version,
    g.suite_sha256,
    g.score,
    :decision,
    :by,
    :reason,
    :via
FROM dq.gate AS g
WHERE
    g.batch_id = :batch_id
    AND g.fingerprint = :fingerprint
    AND NOT EXISTS (
        SELECT FROM dq.gate_decision AS d
        WHERE
            d.batch_id = g.batch_id
            AND d.fingerprint = g.fingerprint
            AND (d.decision <> 'timed_out' OR cast(:decision AS text) = 'timed_out')
    )
RETURNING decision_id;

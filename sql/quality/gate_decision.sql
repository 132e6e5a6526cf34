-- Purpose: what a person decided about a batch, as it was seen then. Grain: one row, or none. It only reads.
SELECT
    decision,
    decided_by,
    reason,
    decided_at
FROM dq.gate_decision
WHERE
    batch_id = :batch_id
    AND fingerprint = :fingerprint
    AND content_sha256 = :content_sha256
    AND contract_version = :contract_version
    AND suite_sha256 = :suite_sha256
    AND score = :score
    AND decision <> 'timed_out';

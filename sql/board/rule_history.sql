-- Purpose: how many rows broke a rule in the last :batches loaded or blocked batches of its dataset.
-- Grain: one row per batch. It only reads.
WITH judged AS (
    SELECT
        batch_id,
        batch_key,
        as_of,
        status
    FROM meta.batch
    WHERE dataset = :dataset AND replays IS NULL AND status IN ('validated', 'blocked', 'loaded')
    ORDER BY batch_key DESC
    LIMIT :batches
)

SELECT
    j.batch_id,
    j.as_of,
    j.status,
    sum(r.evaluated)::bigint AS evaluated,
    sum(r.failed)::bigint AS failed
FROM judged AS j
INNER JOIN dq.rule_result AS r ON j.batch_id = r.batch_id
WHERE r.rule_id = :rule
GROUP BY j.batch_id, j.batch_key, j.as_of, j.status
ORDER BY j.as_of, j.batch_key;

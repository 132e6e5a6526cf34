-- Purpose: what the batches of a replay break. Grain: principle. It only reads.
SELECT
    principle,
    sum(failed)::bigint AS failed
FROM dq.rule_result
WHERE batch_id = any(cast(:batches AS text[]))
GROUP BY principle
ORDER BY principle;

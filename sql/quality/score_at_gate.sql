-- Purpose: how good a batch is that is not loaded: rows that pass, of all rules together, rounded down.
-- Grain: one row. It only reads.
SELECT coalesce(floor(10000.0 * (sum(evaluated) - sum(failed)) / nullif(sum(evaluated), 0)) / 100, 0) AS score
FROM dq.rule_result
WHERE batch_id = :batch_id;

-- Purpose: the open cases of a dataset that may be judged again, by the batch that holds their records.
-- Grain: one row per case. An empty :rule stands for every rule. It only reads.
SELECT
    last_seen_batch_id,
    raw
FROM dq.quarantine
WHERE
    dataset = :dataset
    AND status = 'open'
    AND (cast(:rule AS text) IS NULL OR failed_rules @> ARRAY[cast(:rule AS text)])
ORDER BY last_seen_batch_id, quarantine_id;

-- Purpose: the unfinished replay that a batch belongs to. Grain: one row, or none. It only reads.
SELECT
    replay_id,
    dataset,
    night,
    scores_before
FROM dq.replay
WHERE finished_at IS NULL AND cast(:batch_id AS text) = any(batches);

-- Purpose: the replays, the newest first. Grain: one row per replay. It only reads.
SELECT
    replay_id,
    dataset,
    kind,
    night,
    rule_id,
    started_by,
    reason,
    started_at,
    outcome,
    note,
    open_before,
    open_after,
    scores_before,
    scores_after
FROM dq.replay
WHERE dataset = coalesce(cast(:dataset AS text), dataset)
ORDER BY replay_id DESC
LIMIT :at_most;

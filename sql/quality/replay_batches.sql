-- Purpose: the batches of a replay. Grain: one row. It only reads.
SELECT batches
FROM dq.replay
WHERE replay_id = :replay_id;

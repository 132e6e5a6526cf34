-- Purpose: a batch belongs to a replay. Can run twice: a batch is noted once.
UPDATE dq.replay
SET batches = batches || cast(:batch_id AS text)
WHERE replay_id = :replay_id AND NOT :batch_id = any(batches);

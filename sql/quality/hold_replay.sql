-- Purpose: why an unfinished replay waits for a person. Can run twice: the last reason counts.
UPDATE dq.replay
SET note = :note
WHERE replay_id = :replay_id AND finished_at IS NULL;

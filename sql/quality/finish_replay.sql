-- Purpose: how a replay ended. Can run twice: what is finished stays.
UPDATE dq.replay AS r
SET
    finished_at = now(),
    outcome = :outcome,
    note = :note,
    scores_after = cast(:scores AS jsonb),
    open_after = (SELECT count(*) FROM dq.quarantine AS q WHERE q.dataset = r.dataset AND q.status = 'open')
WHERE r.replay_id = :replay_id AND r.finished_at IS NULL;

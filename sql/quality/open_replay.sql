-- Purpose: begin a replay. Can run twice: one that is unfinished goes on, with what it knew at its beginning.
INSERT INTO dq.replay AS r (
    dataset, kind, night, rule_id, started_by, reason, open_before, scores_before
)
VALUES (
    :dataset,
    :kind,
    :night,
    :rule,
    :by,
    :reason,
    (SELECT count(*) FROM dq.quarantine AS q WHERE q.dataset = :dataset AND q.status = 'open'),
    cast(:scores AS jsonb)
)
ON CONFLICT (dataset, kind, coalesce(night, '-infinity'), coalesce(rule_id, '')) WHERE finished_at IS NULL
DO UPDATE SET started_by = r.started_by
RETURNING replay_id, scores_before, batches;

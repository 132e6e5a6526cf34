-- Purpose: what a recipient is to be told of an open alert for the first time. Can run twice: once is enough.
INSERT INTO meta.alert_notice (alert_id, event, number, recipient, noted_at, due_at)
SELECT
    :alert_id,
    'opened',
    1,
    r.recipient,
    :now,
    :now
FROM unnest(cast(:recipients AS text[])) AS r (recipient)
ON CONFLICT (alert_id, event, number, recipient) DO NOTHING;

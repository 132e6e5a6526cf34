-- Purpose: remind of an open alert whoever was last told of it :after_days days ago or earlier, and has
-- nothing of it still to come. Can run twice: the reminder that waits holds the next one back.
INSERT INTO meta.alert_notice (alert_id, event, number, recipient, noted_at, due_at)
SELECT
    n.alert_id,
    'reminder',
    count(*) FILTER (WHERE n.event = 'reminder') + 1,
    n.recipient,
    :now,
    :now
FROM meta.alert_notice AS n
WHERE n.alert_id = :alert_id AND n.recipient = any(cast(:recipients AS text[]))
GROUP BY n.alert_id, n.recipient
HAVING
    bool_and(n.sent_at IS NOT NULL OR n.withdrawn_at IS NOT NULL)
    AND max(n.sent_at) <= cast(:now AS timestamptz) - make_interval(days => :after_days);

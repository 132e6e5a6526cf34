-- Purpose: what is to be told now; in quiet hours only what is urgent. Grain: one row per notice, in the
-- order in which a recipient reads them. It only reads.
SELECT
    n.notice_id,
    n.event,
    n.recipient,
    a.wording,
    a.about,
    a.place,
    a.is_urgent,
    a.opened_at,
    n.attempts
FROM meta.alert_notice AS n
INNER JOIN meta.alert AS a ON n.alert_id = a.alert_id
WHERE
    n.sent_at IS NULL AND n.withdrawn_at IS NULL AND n.due_at <= :now
    AND (a.is_urgent OR NOT :quiet)
ORDER BY n.recipient, n.event = 'resolved', NOT a.is_urgent, n.notice_id;

-- Purpose: open alerts, or all of them, and how far telling has got. Grain: one row per alert, the newest
-- first. It only reads.
SELECT
    a.alert_id,
    a.kind,
    a.wording,
    a.about,
    a.owner,
    a.is_urgent,
    a.opened_at,
    a.resolved_at,
    count(n.sent_at)::integer AS told,
    (count(n.notice_id) FILTER (WHERE n.sent_at IS NULL AND n.withdrawn_at IS NULL))::integer AS waiting,
    max(n.error) FILTER (WHERE n.sent_at IS NULL AND n.withdrawn_at IS NULL) AS error
FROM meta.alert AS a
LEFT JOIN meta.alert_notice AS n ON a.alert_id = n.alert_id
WHERE :all_of_them OR a.resolved_at IS NULL
GROUP BY a.alert_id
ORDER BY a.alert_id DESC
LIMIT :most;

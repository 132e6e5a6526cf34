-- Purpose: close the open alerts whose cause is gone. What nobody was told yet is withdrawn; whoever was
-- told is to hear that it is over. Grain: one row per alert that is closed. Can run twice: a closed one
-- stays closed.
WITH gone AS (
    UPDATE meta.alert
    SET resolved_at = greatest(last_seen_at, cast(:now AS timestamptz))
    WHERE resolved_at IS NULL AND cause_key <> all(cast(:standing AS text[]))
    RETURNING alert_id
),

withdrawn AS (
    UPDATE meta.alert_notice AS n
    SET withdrawn_at = :now
    FROM gone AS g
    WHERE n.alert_id = g.alert_id AND n.sent_at IS NULL AND n.withdrawn_at IS NULL
    RETURNING n.notice_id
),

told AS (
    INSERT INTO meta.alert_notice (alert_id, event, number, recipient, noted_at, due_at)
    SELECT DISTINCT
        n.alert_id,
        'resolved',
        1,
        n.recipient,
        cast(:now AS timestamptz),
        cast(:now AS timestamptz)
    FROM meta.alert_notice AS n
    INNER JOIN gone AS g ON n.alert_id = g.alert_id
    WHERE n.sent_at IS NOT NULL
    RETURNING notice_id
)

SELECT
    gone.alert_id,
    (SELECT count(*) FROM withdrawn) AS withdrawn,
    (SELECT count(*) FROM told) AS told
FROM gone;

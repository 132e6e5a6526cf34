-- Purpose: these notices have reached their recipient. Can run twice: the first time counts.
UPDATE meta.alert_notice
SET
    sent_at = :now,
    message_id = :message_id,
    attempts = attempts + 1,
    error = NULL
WHERE notice_id = any(cast(:notices AS integer[])) AND sent_at IS NULL;

-- Purpose: these notices did not reach their recipient; each try waits twice as long as the one before, six
-- hours at most.
UPDATE meta.alert_notice
SET
    attempts = attempts + 1,
    error = :error,
    due_at = cast(:now AS timestamptz)
    + least(interval '6 hours', interval '5 minutes' * power(2, least(attempts, 10)))
WHERE notice_id = any(cast(:notices AS integer[]));

-- Purpose: tell nobody who is not named as a recipient any more. :recipients are all that are. Can run twice.
UPDATE meta.alert_notice
SET withdrawn_at = :now
WHERE sent_at IS NULL AND withdrawn_at IS NULL AND recipient <> all(cast(:recipients AS text[]));

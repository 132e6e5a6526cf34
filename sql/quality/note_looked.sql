-- Purpose: a batch was compared with earlier nights. Can run twice: the first time stays.
UPDATE dq.profile SET looked_at = coalesce(looked_at, now())
WHERE batch_id = :batch_id AND agency_code = '';

-- Purpose: an order to erase is done, and which records it was about is forgotten. Can run twice.
DELETE FROM meta.erasure_work WHERE erasure_id = :erasure_id;
UPDATE meta.erasure
SET finished_at = now()
WHERE erasure_id = :erasure_id AND finished_at IS NULL;

-- Purpose: the files of a batch are about to leave the raw zone. Can run twice.
UPDATE meta.batch
SET raw_removed_on = :today
WHERE batch_id = :batch_id AND raw_removed_on IS NULL;

-- Purpose: say how a rebuild ended. Can run twice: an ended one stays as it is.
UPDATE meta.rebuild
SET
    finished_at = clock_timestamp(),
    outcome = :outcome,
    note = :note,
    batches = :batches,
    tables = cast(:tables AS jsonb)
WHERE rebuild_id = :rebuild_id AND finished_at IS NULL;

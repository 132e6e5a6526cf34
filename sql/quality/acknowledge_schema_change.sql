-- Purpose: somebody knows of a change and has decided about it; the report does not show it any more.
-- Can run twice: the first one who did so stays.
UPDATE meta.schema_change
SET
    acknowledged_at = coalesce(acknowledged_at, now()),
    acknowledged_by = coalesce(acknowledged_by, :by)
WHERE change_id = :change_id
RETURNING dataset, kind, column_name;

-- Purpose: the causes that have an open alert. Grain: one row per alert. It only reads.
SELECT cause_key
FROM meta.alert
WHERE resolved_at IS NULL;

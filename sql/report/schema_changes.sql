-- Purpose: the changes of sources' columns that the night of :as_of saw and nobody has acknowledged.
-- Grain: one row per change. Can run twice: it only reads.
SELECT
    dataset,
    kind,
    column_name,
    detail,
    policy,
    stops,
    first_seen_on
FROM meta.schema_change
WHERE last_seen_on >= :as_of AND first_seen_on <= :as_of AND acknowledged_at IS NULL
ORDER BY dataset, kind, column_name, detail;

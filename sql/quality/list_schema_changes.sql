-- Purpose: the changes of sources that nobody has acknowledged, the newest first; all of them if asked for.
SELECT
    change_id,
    dataset,
    kind,
    column_name,
    detail,
    policy,
    stops,
    first_seen_on,
    last_seen_on,
    acknowledged_by
FROM meta.schema_change
WHERE
    (cast(:dataset AS text) IS NULL OR dataset = :dataset)
    AND (:all_of_them OR acknowledged_at IS NULL)
ORDER BY last_seen_on DESC, dataset ASC, change_id ASC;

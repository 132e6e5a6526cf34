-- Purpose: sources whose columns changed and nobody has acknowledged it. Grain: one row per dataset. It only
-- reads.
SELECT
    dataset,
    count(*)::integer AS changes,
    bool_or(stops) AS stops,
    min(first_seen_on) AS since
FROM meta.schema_change
WHERE acknowledged_at IS NULL AND dataset = any(cast(:datasets AS text[]))
GROUP BY dataset
ORDER BY dataset;

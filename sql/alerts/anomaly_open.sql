-- Purpose: unusual values that nobody has judged. Grain: one row per dataset. `is_old`: the newest is more
-- than :old_days days old, and nobody is told any more. It only reads.
SELECT
    dataset,
    count(*)::integer AS findings,
    min(as_of) AS since,
    max(as_of) < :as_of - cast(:old_days AS integer) AS is_old
FROM dq.anomaly
WHERE status = 'open' AND dataset = any(cast(:datasets AS text[]))
GROUP BY dataset
ORDER BY dataset;

-- Purpose: open cases whose deadline has passed. Grain: one row per dataset. It only reads, out of an index.
SELECT
    dataset,
    count(*)::bigint AS cases,
    min(first_seen_on) AS since
FROM dq.quarantine
WHERE status = 'open' AND expired_on IS NOT NULL AND dataset = any(cast(:datasets AS text[]))
GROUP BY dataset
ORDER BY dataset;

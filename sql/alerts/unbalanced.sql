-- Purpose: datasets whose last loaded batch does not add up: what came is not what was kept, rejected and
-- dropped, or the source had promised another number. Grain: one row per dataset. It only reads.
SELECT
    l.dataset,
    l.batch_id,
    l.as_of AS since,
    r.declared,
    r.fetched,
    r.loaded
FROM (
    SELECT DISTINCT ON (dataset)
        dataset,
        batch_id,
        as_of
    FROM meta.batch
    WHERE status = 'loaded' AND replays IS NULL
    ORDER BY dataset ASC, batch_key DESC
) AS l
INNER JOIN dq.reconciliation AS r ON l.batch_id = r.batch_id
WHERE NOT r.balanced AND l.dataset = any(cast(:datasets AS text[]))
ORDER BY l.dataset;

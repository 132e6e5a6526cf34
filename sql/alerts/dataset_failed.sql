-- Purpose: datasets whose last night failed, and since which night they have. Grain: one row per dataset. It
-- only reads.
WITH last_night AS (
    SELECT DISTINCT ON (dataset)
        dataset,
        as_of,
        outcome,
        fault
    FROM meta.night
    ORDER BY dataset ASC, as_of DESC
)

SELECT
    l.dataset,
    l.fault,
    count(*)::integer AS nights,
    min(n.as_of) AS since
FROM last_night AS l
INNER JOIN meta.night AS n ON l.dataset = n.dataset
WHERE
    l.outcome = 'failed'
    AND l.dataset = any(cast(:datasets AS text[]))
    AND n.as_of > coalesce(
        (SELECT max(g.as_of) FROM meta.night AS g WHERE g.dataset = l.dataset AND g.outcome <> 'failed'),
        date '-infinity'
    )
GROUP BY l.dataset, l.fault
ORDER BY l.dataset;

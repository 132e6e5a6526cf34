-- Purpose: how each source answered the last time it was asked. Grain: one row per dataset. It only reads.
WITH last_night AS (
    SELECT DISTINCT ON (dataset)
        dataset,
        as_of,
        outcome,
        fault
    FROM meta.night
    ORDER BY dataset ASC, as_of DESC
),

last_good AS (
    SELECT
        dataset,
        max(as_of) AS as_of
    FROM meta.night
    WHERE outcome IN ('loaded', 'unchanged')
    GROUP BY dataset
),

last_batch AS (
    SELECT DISTINCT ON (dataset)
        dataset,
        requests,
        failed_requests
    FROM meta.batch
    WHERE replays IS NULL
    ORDER BY dataset ASC, as_of DESC, batch_key DESC
)

SELECT
    n.dataset,
    n.as_of,
    n.outcome,
    n.fault,
    g.as_of AS last_good,
    f.newest,
    b.requests,
    b.failed_requests
FROM last_night AS n
LEFT JOIN last_good AS g ON n.dataset = g.dataset
LEFT JOIN last_batch AS b ON n.dataset = b.dataset
LEFT JOIN meta.freshness AS f ON n.dataset = f.dataset
ORDER BY n.outcome IN ('failed', 'blocked') DESC, n.dataset ASC;

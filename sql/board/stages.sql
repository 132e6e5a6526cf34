-- Purpose: how far each dataset has come in the night of :as_of. Grain: one row per dataset that has a batch
-- or an outcome of that night. `batch_id` is the batch that the night ended with; while it is under way, the
-- newest that it has landed. It only reads.
WITH landed AS (
    SELECT DISTINCT ON (dataset)
        dataset,
        batch_id
    FROM meta.batch
    WHERE as_of = :as_of AND replays IS NULL
    ORDER BY dataset ASC, batch_key DESC
)

SELECT
    coalesce(n.dataset, l.dataset) AS dataset,
    n.outcome,
    n.fault,
    n.message,
    n.next_step,
    n.finished_at,
    b.batch_id,
    b.as_of AS batch_as_of,
    b.status,
    b.landed_at,
    b.loaded_at,
    b.fetched,
    r.accepted,
    r.quarantined,
    r.duplicates,
    r.loaded,
    r.balanced
FROM (SELECT * FROM meta.night WHERE as_of = :as_of) AS n
FULL JOIN landed AS l ON n.dataset = l.dataset
LEFT JOIN meta.batch AS b ON b.batch_id = coalesce(n.batch_id, l.batch_id)
LEFT JOIN dq.reconciliation AS r ON b.batch_id = r.batch_id
ORDER BY coalesce(n.dataset, l.dataset);

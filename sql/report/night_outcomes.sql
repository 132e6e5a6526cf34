-- Purpose: how each dataset fared in the night of :as_of, with the count equation of its batch.
-- Grain: one row per dataset of the night. Can run twice: it only reads.
SELECT
    n.dataset,
    n.outcome,
    n.fault,
    n.message,
    n.next_step,
    n.batch_id,
    b.as_of AS batch_as_of,
    b.fetched AS landed,
    r.declared,
    r.fetched,
    r.accepted,
    r.quarantined,
    r.duplicates,
    r.loaded,
    r.balanced
FROM meta.night AS n
LEFT JOIN meta.batch AS b ON n.batch_id = b.batch_id
LEFT JOIN dq.reconciliation AS r ON n.batch_id = r.batch_id
WHERE n.as_of = :as_of
ORDER BY n.dataset;

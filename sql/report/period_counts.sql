-- Purpose: what the nights from :first to :as_of loaded, all together. Grain: one row. A batch that several
-- nights name counts once. Can run twice: it only reads.
SELECT
    count(DISTINCT n.as_of) AS nights,
    count(DISTINCT r.batch_id) AS batches,
    coalesce(sum(r.fetched) FILTER (WHERE n.is_first), 0)::bigint AS fetched,
    coalesce(sum(r.accepted) FILTER (WHERE n.is_first), 0)::bigint AS accepted,
    coalesce(sum(r.quarantined) FILTER (WHERE n.is_first), 0)::bigint AS quarantined,
    coalesce(sum(r.duplicates) FILTER (WHERE n.is_first), 0)::bigint AS duplicates
FROM (
    SELECT
        as_of,
        batch_id,
        row_number() OVER (PARTITION BY batch_id ORDER BY as_of) = 1 AS is_first
    FROM meta.night
    WHERE as_of BETWEEN :first AND :as_of
) AS n
LEFT JOIN meta.batch AS b
    ON n.batch_id = b.batch_id AND b.status = 'loaded' AND b.as_of BETWEEN :first AND :as_of
LEFT JOIN dq.reconciliation AS r ON b.batch_id = r.batch_id;

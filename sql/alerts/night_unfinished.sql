-- Purpose: the night of :as_of, which should be over: how many of :datasets have no outcome, if any has
-- none or the star was not built. Grain: one row, or none if it is over. A dataset that never had a night is
-- not missed, and before the first night nothing is. It only reads.
SELECT
    count(*) FILTER (WHERE n.dataset IS NULL)::integer AS missing,
    cast(:as_of AS date) AS since
FROM unnest(cast(:datasets AS text[])) AS expected (dataset)
LEFT JOIN meta.night AS n ON expected.dataset = n.dataset AND n.as_of = :as_of
WHERE
    EXISTS (
        SELECT FROM meta.night AS earlier
        WHERE earlier.dataset = expected.dataset AND earlier.as_of < :as_of
    )
HAVING
    count(*) FILTER (WHERE n.dataset IS NULL) > 0
    OR (count(*) > 0 AND NOT EXISTS (SELECT FROM dq.invariant_result AS i WHERE i.as_of = :as_of));

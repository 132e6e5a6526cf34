-- Purpose: the weighted index of each agency on the last :nights nights until :as_of, with its coverage.
-- Grain: one row per agency and night. It only reads.
WITH nights AS (
    SELECT DISTINCT as_of
    FROM dq.quality_index
    WHERE as_of <= :as_of
    ORDER BY as_of DESC
    LIMIT :nights
)

SELECT
    q.agency_code,
    q.as_of,
    q.score,
    q.coverage
FROM dq.quality_index AS q
INNER JOIN nights AS n ON q.as_of = n.as_of
WHERE q.level = 'agency'
ORDER BY q.agency_code, q.as_of;

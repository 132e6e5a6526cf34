-- Purpose: an agency's tallies by principle on the last :nights nights until :as_of that gave scores.
-- Grain: one row per principle and night. It only reads.
WITH nights AS (
    SELECT DISTINCT as_of
    FROM dq.score
    WHERE as_of <= :as_of
    ORDER BY as_of DESC
    LIMIT :nights
)

SELECT
    s.principle,
    s.as_of,
    sum(s.evaluated)::bigint AS evaluated,
    sum(s.failed)::bigint AS failed
FROM dq.score AS s
INNER JOIN nights AS n ON s.as_of = n.as_of
WHERE s.agency_code = :agency
GROUP BY s.principle, s.as_of
ORDER BY s.principle, s.as_of;

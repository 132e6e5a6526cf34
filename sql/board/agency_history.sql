-- Purpose: an agency's tallies by principle on the last :nights nights until :as_of that gave scores.
-- Grain: one row per principle and night. It only reads. It jumps from night to night in an index: a night
-- has thousands of scores.
WITH RECURSIVE nights AS (
    SELECT
        max(as_of) AS as_of,
        1 AS place
    FROM dq.score
    WHERE as_of <= :as_of
    UNION ALL
    SELECT
        (SELECT max(earlier.as_of) FROM dq.score AS earlier WHERE earlier.as_of < d.as_of) AS as_of,
        d.place + 1
    FROM nights AS d
    WHERE d.as_of IS NOT NULL AND d.place < :nights
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

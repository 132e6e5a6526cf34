-- Purpose: what stood on each of the last :nights nights with scores, until :as_of: of each dataset its
-- latest scores by then. Grain: one row per night and principle. Can run twice: it only reads.
WITH nights AS (
    SELECT DISTINCT as_of
    FROM dq.score
    WHERE as_of <= :as_of
    ORDER BY as_of DESC
    LIMIT :nights
),

given AS (
    SELECT
        dataset,
        as_of
    FROM dq.score
    WHERE as_of <= :as_of
    GROUP BY dataset, as_of
),

standing AS (
    SELECT
        n.as_of AS night,
        g.dataset,
        max(g.as_of) AS as_of
    FROM nights AS n
    INNER JOIN given AS g ON n.as_of >= g.as_of
    GROUP BY n.as_of, g.dataset
),

sums AS (
    SELECT
        s.dataset,
        s.as_of,
        s.principle,
        sum(s.evaluated) AS evaluated,
        sum(s.failed) AS failed
    FROM dq.score AS s
    WHERE EXISTS (SELECT 1 FROM standing AS t WHERE t.dataset = s.dataset AND t.as_of = s.as_of)
    GROUP BY s.dataset, s.as_of, s.principle
)

SELECT
    t.night,
    s.principle,
    sum(s.evaluated) AS evaluated,
    sum(s.failed) AS failed
FROM standing AS t
INNER JOIN sums AS s ON t.dataset = s.dataset AND t.as_of = s.as_of
GROUP BY t.night, s.principle
ORDER BY t.night, s.principle;

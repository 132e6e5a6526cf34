-- Purpose: how the rules of each dataset fared, in the last batch that was judged up to a night; replays,
-- which judge a handful of rows, are left out. Grain: dataset, rule. Only reads.
WITH judged AS (
    SELECT DISTINCT ON (b.dataset)
        b.dataset,
        b.batch_id,
        b.as_of,
        b.landed_at
    FROM meta.batch AS b
    WHERE
        b.as_of <= :as_of
        AND b.replays IS NULL
        AND EXISTS (SELECT FROM dq.rule_result AS r WHERE r.batch_id = b.batch_id)
    ORDER BY b.dataset ASC, b.as_of DESC, b.batch_key DESC
)

SELECT
    j.dataset,
    j.batch_id,
    j.as_of,
    j.landed_at,
    r.rule_id,
    sum(r.evaluated)::bigint AS evaluated,
    sum(r.failed)::bigint AS failed,
    count(*) FILTER (WHERE r.failed > 0 AND r.agency_code <> '') AS agencies
FROM judged AS j
INNER JOIN dq.rule_result AS r ON j.batch_id = r.batch_id
GROUP BY j.dataset, j.batch_id, j.as_of, j.landed_at, r.rule_id
ORDER BY j.dataset, r.rule_id;

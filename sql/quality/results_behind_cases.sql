-- Purpose: what the nights found from which the open cases come, and how much of it is theirs. Grain:
-- principle; `of_cases` are the rules that the cases break. An empty :rule stands for every rule. It only
-- reads.
WITH RECURSIVE chosen AS (
    SELECT
        q.last_seen_batch_id,
        q.failed_rules
    FROM dq.quarantine AS q
    WHERE
        q.dataset = :dataset
        AND q.status = 'open'
        AND (cast(:rule AS text) IS NULL OR q.failed_rules @> ARRAY[cast(:rule AS text)])
),

origin AS (
    SELECT
        b.batch_id,
        b.replays
    FROM meta.batch AS b
    WHERE b.batch_id IN (SELECT c.last_seen_batch_id FROM chosen AS c)
    UNION
    SELECT
        b.batch_id,
        b.replays
    FROM origin AS o
    INNER JOIN meta.batch AS b ON o.replays = b.batch_id
),

found AS (
    SELECT
        r.principle,
        sum(r.evaluated) AS evaluated,
        sum(r.failed) AS failed
    FROM dq.rule_result AS r
    INNER JOIN origin AS o ON r.batch_id = o.batch_id
    WHERE o.replays IS NULL
    GROUP BY r.principle
),

theirs AS (
    SELECT
        r.principle,
        count(*) AS failed
    FROM chosen AS c
    CROSS JOIN LATERAL unnest(c.failed_rules) AS u (rule_id)
    INNER JOIN dq.rule AS r ON r.dataset = :dataset AND u.rule_id = r.rule_id
    GROUP BY r.principle
)

SELECT
    f.principle,
    f.evaluated::bigint AS evaluated,
    f.failed::bigint AS failed,
    coalesce(t.failed, 0) AS of_cases
FROM found AS f
LEFT JOIN theirs AS t ON f.principle = t.principle
ORDER BY f.principle;

-- Purpose: the scores that stand on the night of :as_of: each dataset's latest, with the ids of the
-- rules behind them. Grain: one row per dataset, agency and principle. Inputs: dq.score, dq.rule_result.
-- Evidence of the platform has no rule result; `rules` counts it. Can run twice: it only reads.
WITH latest AS (
    SELECT
        dataset,
        max(as_of) AS as_of
    FROM dq.score
    WHERE as_of <= :as_of
    GROUP BY dataset
),

scored AS (
    SELECT DISTINCT ON (b.dataset)
        b.dataset,
        b.batch_id
    FROM meta.batch AS b
    INNER JOIN latest AS l ON b.dataset = l.dataset AND b.as_of = l.as_of
    WHERE b.status = 'loaded' AND b.replays IS NULL
    ORDER BY b.dataset ASC, b.loaded_at DESC NULLS LAST, b.batch_key DESC
),

judged AS (
    SELECT
        r.dataset,
        r.agency_code,
        r.principle,
        array_agg(r.rule_id ORDER BY r.rule_id) AS rule_ids
    FROM dq.rule_result AS r
    INNER JOIN scored AS s ON r.batch_id = s.batch_id
    GROUP BY r.dataset, r.agency_code, r.principle
)

SELECT
    s.as_of,
    s.dataset,
    s.agency_code,
    s.principle,
    s.evaluated,
    s.failed,
    s.rules,
    coalesce(j.rule_ids, '{}') AS rule_ids
FROM dq.score AS s
INNER JOIN latest AS l ON s.dataset = l.dataset AND s.as_of = l.as_of
LEFT JOIN judged AS j
    ON s.dataset = j.dataset AND s.agency_code = j.agency_code AND s.principle = j.principle
ORDER BY s.dataset, s.agency_code, s.principle;

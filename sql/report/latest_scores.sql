-- Purpose: the scores that stand on the night of :as_of: each dataset's latest, with the ids of the
-- rules behind them. Grain: one row per dataset, agency and principle. Inputs: dq.score, the evidence.
-- `as_of` is the last night on which rows of the dataset were judged, `judged_on` the oldest of those whose
-- rows are in the score; both may be long ago. Can run twice: it only reads. The datasets, and the last
-- night of each, are jumped to in an index: years of scores lie in between.
WITH RECURSIVE scored AS (
    SELECT min(dataset) AS dataset FROM dq.score
    UNION ALL
    SELECT (SELECT min(s.dataset) FROM dq.score AS s WHERE s.dataset > d.dataset) AS dataset
    FROM scored AS d
    WHERE d.dataset IS NOT NULL
),

latest AS (
    SELECT
        d.dataset,
        (SELECT max(s.as_of) FROM dq.score AS s WHERE s.dataset = d.dataset AND s.as_of <= :as_of) AS as_of
    FROM scored AS d
    WHERE d.dataset IS NOT NULL
),

judged AS (
    SELECT
        dataset,
        agency_code,
        principle,
        array_agg(DISTINCT rule_id ORDER BY rule_id) AS rule_ids
    FROM dq.evidence_on(:as_of)
    GROUP BY dataset, agency_code, principle
)

SELECT
    coalesce(max(s.judged_on) OVER (PARTITION BY s.dataset), s.as_of) AS as_of,
    s.dataset,
    s.agency_code,
    s.principle,
    s.evaluated,
    s.failed,
    s.rules,
    s.judged_on,
    coalesce(j.rule_ids, '{}') AS rule_ids
FROM dq.score AS s
INNER JOIN latest AS l ON s.dataset = l.dataset AND s.as_of = l.as_of
LEFT JOIN judged AS j
    ON s.dataset = j.dataset AND s.agency_code = j.agency_code AND s.principle = j.principle
ORDER BY s.dataset, s.agency_code, s.principle;

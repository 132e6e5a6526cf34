-- Purpose: the scores of a dataset's night, by agency and principle. Grain: day, dataset, agency, principle.
-- Evidence about the platform (requests, counts, freshness) carries no agency: nobody is blamed for it.
-- A principle without evidence gets no row; a score is rounded down, so 100 means no failure at all.
-- Can run twice: the later batch of a day replaces the scores of the earlier one.
DELETE FROM dq.score
WHERE as_of = :as_of AND dataset = :dataset;

INSERT INTO dq.score (as_of, dataset, agency_code, principle, score, evaluated, failed, rules)
WITH evidence AS (
    SELECT
        agency_code,
        principle,
        rule_id,
        evaluated,
        failed
    FROM dq.rule_result
    WHERE batch_id = :batch_id
    UNION ALL
    SELECT
        '' AS agency_code,
        'synchronised' AS principle,
        'counts_agree' AS rule_id,
        fetched AS evaluated,
        abs(fetched - accepted - quarantined - duplicates) AS failed
    FROM dq.reconciliation
    WHERE batch_id = :batch_id
    UNION ALL
    SELECT
        '' AS agency_code,
        'connected' AS principle,
        'requests_answered' AS rule_id,
        requests AS evaluated,
        failed_requests AS failed
    FROM meta.batch
    WHERE batch_id = :batch_id
    UNION ALL
    SELECT
        '' AS agency_code,
        'live' AS principle,
        'fresh_enough' AS rule_id,
        1 AS evaluated,
        CASE WHEN cast(:newest AS timestamp) >= cast(:fresh_since AS timestamp) THEN 0 ELSE 1 END
            AS failed
    WHERE cast(:fresh_since AS timestamp) IS NOT NULL
)

SELECT
    :as_of,
    :dataset,
    agency_code,
    principle,
    floor(10000.0 * (sum(evaluated) - sum(failed)) / sum(evaluated)) / 100,
    sum(evaluated),
    sum(failed),
    count(DISTINCT rule_id)
FROM evidence
GROUP BY agency_code, principle
HAVING sum(evaluated) > 0;

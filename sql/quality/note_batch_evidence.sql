-- Purpose: what a loaded batch itself says about the platform, requests and counts, and about its freshness,
-- for which the dataset's owner (:owner) or its successor answers, if the catalogue knows it.
-- Grain: day, dataset, rule. Can run twice: the later batch of a day replaces what the earlier one said.
DELETE FROM dq.evidence
WHERE
    as_of = :as_of AND dataset = :dataset
    AND rule_id IN ('counts_agree', 'requests_answered', 'fresh_enough');

INSERT INTO dq.newest AS t (dataset, as_of, newest)
SELECT
    :dataset,
    :as_of,
    cast(:newest AS timestamp)
WHERE cast(:newest AS timestamp) IS NOT NULL
ON CONFLICT (dataset, as_of) DO UPDATE
    SET newest = excluded.newest
    WHERE t.newest <> excluded.newest;

INSERT INTO dq.evidence (as_of, dataset, agency_code, rule_id, principle, severity, fault, evaluated, failed)
SELECT
    :as_of,
    :dataset,
    CASE WHEN m.rule_id = 'fresh_enough' THEN coalesce(a.answers_code, '') ELSE '' END,
    m.rule_id,
    m.principle,
    'critical',
    CASE WHEN m.failed = 0 THEN 'none' ELSE m.fault END,
    m.evaluated,
    m.failed
FROM (
    SELECT
        'counts_agree' AS rule_id,
        'synchronised' AS principle,
        'own_fault' AS fault,
        fetched AS evaluated,
        least(fetched, abs(fetched - accepted - quarantined - duplicates)) AS failed
    FROM dq.reconciliation
    WHERE batch_id = :batch_id
    UNION ALL
    SELECT
        'requests_answered' AS rule_id,
        'connected' AS principle,
        'gateway_down' AS fault,
        requests AS evaluated,
        least(requests, failed_requests) AS failed
    FROM meta.batch
    WHERE batch_id = :batch_id
    UNION ALL
    SELECT
        'fresh_enough' AS rule_id,
        'live' AS principle,
        'source_late' AS fault,
        1 AS evaluated,
        CASE WHEN meta.is_fresh(:newest, :fresh_days, :as_of) THEN 0 ELSE 1 END AS failed
    WHERE cast(:fresh_days AS integer) IS NOT NULL
) AS m
LEFT JOIN dw.agencies_answering(:as_of) AS a ON a.agency_code = :owner
WHERE m.evaluated > 0;

-- Purpose: what the last loaded batch of each dataset says of the platform: counts, requests, and the rows
-- that were compared with the star when it was loaded. Of a service that was asked on this night and brought
-- no batch its answers count all the same. Grain: dataset and rule. Can run twice: it only reads.
WITH tonight AS (
    SELECT
        dataset,
        sum(requests)::integer AS requests,
        coalesce(sum(requests) FILTER (WHERE outcome <> 'ok'), 0)::integer AS failed_requests
    FROM dq.request_log
    WHERE as_of = :as_of
    GROUP BY dataset
),

standing AS (
    SELECT DISTINCT ON (b.dataset)
        b.dataset,
        b.batch_id,
        b.as_of,
        b.requests,
        b.failed_requests
    FROM meta.batch AS b
    WHERE b.as_of <= :as_of AND b.replays IS NULL AND b.status = 'loaded'
    ORDER BY b.dataset ASC, b.as_of DESC, b.loaded_at DESC NULLS LAST, b.batch_key DESC
)

SELECT
    s.dataset,
    '' AS agency_code,
    'counts_agree' AS rule_id,
    'own_fault' AS fault,
    r.fetched AS evaluated,
    least(r.fetched, abs(r.fetched - r.accepted - r.quarantined - r.duplicates)) AS failed
FROM standing AS s
INNER JOIN dq.reconciliation AS r ON s.batch_id = r.batch_id
UNION ALL
SELECT
    s.dataset,
    '',
    'requests_answered',
    'gateway_down',
    coalesce(t.requests, s.requests),
    least(coalesce(t.requests, s.requests), coalesce(t.failed_requests, s.failed_requests))
FROM standing AS s
LEFT JOIN tonight AS t ON s.dataset = t.dataset AND s.as_of < :as_of
UNION ALL
SELECT
    e.dataset,
    '',
    e.rule_id,
    e.fault,
    e.evaluated,
    e.failed
FROM dq.evidence AS e
INNER JOIN standing AS s ON e.dataset = s.dataset AND e.as_of = s.as_of
WHERE e.rule_id IN ('rows_agree', 'sums_agree')

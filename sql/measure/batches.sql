-- Purpose: what the last loaded batch of each dataset says of the platform: counts, requests, and the rows
-- that were compared with the star when it was loaded. Grain: dataset and rule. Can run twice: it only reads.
WITH standing AS (
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
    s.requests,
    least(s.requests, s.failed_requests)
FROM standing AS s
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

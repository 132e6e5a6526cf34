-- Purpose: is the newest change of each source young enough? Grain: dataset. Can run twice: it only reads.
-- An old source is late, unless tonight nobody could ask it: then it is the fault of what was in the way.
WITH newest AS (
    SELECT
        f.dataset,
        coalesce(max(d.newest), f.newest) AS newest
    FROM meta.freshness AS f
    LEFT JOIN dq.newest AS d ON f.dataset = d.dataset AND d.as_of <= :as_of
    GROUP BY f.dataset, f.newest
)

SELECT
    c.dataset,
    '' AS agency_code,
    'fresh_enough' AS rule_id,
    CASE
        WHEN n.fault IN ('gateway_down', 'authentication', 'contract_breach', 'own_fault') THEN n.fault
        ELSE 'source_late'
    END AS fault,
    1 AS evaluated,
    CASE WHEN f.newest >= cast(:as_of AS date) - c.days THEN 0 ELSE 1 END AS failed
FROM unnest(cast(:datasets AS text[]), cast(:days AS integer[])) AS c (dataset, days)
INNER JOIN newest AS f ON c.dataset = f.dataset
LEFT JOIN meta.night AS n ON c.dataset = n.dataset AND n.as_of = :as_of
WHERE f.newest IS NOT NULL

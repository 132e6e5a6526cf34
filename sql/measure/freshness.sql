-- Purpose: is the newest change of each source young enough? Grain: dataset. Can run twice: it only reads.
-- An old source is late, which its owner in the catalogue (:owners) or the owner's successor answers for,
-- unless tonight nobody asked it: then it is the fault of what was in the way, and nobody's. A night that did
-- not run is our own fault.
WITH newest AS (
    SELECT
        f.dataset,
        coalesce(max(d.newest), f.newest) AS newest
    FROM meta.freshness AS f
    LEFT JOIN dq.newest AS d ON f.dataset = d.dataset AND d.as_of <= :as_of
    GROUP BY f.dataset, f.newest
),

judged AS (
    SELECT
        c.dataset,
        c.owner,
        NOT meta.is_fresh(f.newest, c.days, :as_of) AS is_old,
        CASE
            WHEN n.outcome IN ('loaded', 'unchanged') THEN NULL
            ELSE coalesce(n.fault, CASE n.outcome WHEN 'blocked' THEN 'data_defect' ELSE 'own_fault' END)
        END AS fault
    FROM
        unnest(
            cast(:datasets AS text[]), cast(:days AS integer[]), cast(:owners AS text[])
        ) AS c (dataset, days, owner)
    INNER JOIN newest AS f ON c.dataset = f.dataset
    LEFT JOIN meta.night AS n ON c.dataset = n.dataset AND n.as_of = :as_of
    WHERE f.newest IS NOT NULL
),

asked AS (
    SELECT
        dataset,
        owner,
        is_old,
        fault,
        coalesce(fault IN ('gateway_down', 'authentication', 'contract_breach', 'own_fault'), FALSE)
            AS is_unasked
    FROM judged
)

SELECT
    j.dataset,
    CASE WHEN j.is_old AND j.is_unasked THEN '' ELSE coalesce(a.answers_code, '') END AS agency_code,
    'fresh_enough' AS rule_id,
    CASE WHEN j.is_unasked THEN j.fault ELSE 'source_late' END AS fault,
    1 AS evaluated,
    CASE WHEN j.is_old THEN 1 ELSE 0 END AS failed
FROM asked AS j
LEFT JOIN dw.agencies_answering(:as_of) AS a ON j.owner = a.agency_code

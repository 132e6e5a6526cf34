-- Purpose: is the star in step with the source, could the source be reached, and, where a source does not say
-- when it last changed (:undated), was it seen as it is tonight? Grain: dataset and rule.
-- Can run twice: it only reads. A dataset that was loaded before and not run tonight is our own fault.
WITH known AS (
    SELECT DISTINCT dataset
    FROM meta.batch
    WHERE status = 'loaded' AND as_of <= :as_of
    UNION
    SELECT dataset
    FROM meta.night
    WHERE as_of = :as_of
),

night AS (
    SELECT
        k.dataset,
        coalesce(n.outcome, 'not_run') AS outcome,
        coalesce(n.fault, CASE n.outcome WHEN 'blocked' THEN 'data_defect' ELSE 'own_fault' END) AS fault
    FROM known AS k
    LEFT JOIN meta.night AS n ON k.dataset = n.dataset AND n.as_of = :as_of
)

SELECT
    dataset,
    '' AS agency_code,
    'in_step' AS rule_id,
    fault,
    1 AS evaluated,
    CASE WHEN outcome IN ('loaded', 'unchanged') THEN 0 ELSE 1 END AS failed
FROM night
UNION ALL
SELECT
    dataset,
    '',
    'source_reached',
    fault,
    1,
    CASE WHEN outcome = 'failed' AND fault IN ('gateway_down', 'authentication') THEN 1 ELSE 0 END
FROM night
WHERE
    dataset = any(cast(:remote AS text[]))
    -- What broke before the source was asked says nothing about it.
    AND (outcome IN ('loaded', 'unchanged', 'blocked') OR fault <> 'own_fault')
UNION ALL
SELECT
    dataset,
    '',
    'source_seen',
    fault,
    1,
    CASE WHEN outcome IN ('loaded', 'unchanged') THEN 0 ELSE 1 END
FROM night
WHERE dataset = any(cast(:undated AS text[]))

-- Purpose: what failed on the night of :as_of through nobody's data: by whose fault. Grain: dataset, rule,
-- fault.
-- Can run twice: it only reads.
SELECT
    e.dataset,
    e.rule_id,
    coalesce(r.title_vi, e.rule_id) AS title_vi,
    coalesce(r.remedy_vi, '') AS remedy_vi,
    e.fault,
    sum(e.failed)::bigint AS failed
FROM dq.evidence AS e
LEFT JOIN dq.rule AS r ON e.dataset = r.dataset AND e.rule_id = r.rule_id
WHERE
    e.as_of = :as_of AND e.failed > 0
    AND e.fault IN ('gateway_down', 'authentication', 'contract_breach', 'own_fault')
GROUP BY e.dataset, e.rule_id, r.title_vi, r.remedy_vi, e.fault
ORDER BY e.fault, e.dataset, e.rule_id;

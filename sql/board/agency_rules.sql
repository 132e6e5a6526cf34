-- Purpose: the rules that most of an agency's rows break, by the evidence that stands on :as_of.
-- Grain: one row per dataset and rule, at most 20; `judged_on` is the night of the rows, NULL for what was
-- measured. It only reads.
SELECT
    e.dataset,
    e.rule_id,
    coalesce(r.title_vi, e.rule_id) AS title_vi,
    sum(e.evaluated)::bigint AS evaluated,
    sum(e.failed)::bigint AS failed,
    min(e.judged_on) AS judged_on
FROM dq.evidence_on(:as_of) AS e
LEFT JOIN dq.rule AS r ON e.dataset = r.dataset AND e.rule_id = r.rule_id
WHERE e.agency_code = :agency
GROUP BY e.dataset, e.rule_id, r.title_vi
HAVING sum(e.failed) > 0
ORDER BY sum(e.failed) DESC, e.dataset ASC, e.rule_id ASC
LIMIT 20;

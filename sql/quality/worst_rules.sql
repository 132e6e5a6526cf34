-- Purpose: the rules that a batch breaks most. Grain: rule. It only reads.
SELECT
    r.rule_id,
    r.severity,
    coalesce(w.title_vi, r.rule_id) AS title_vi,
    sum(r.evaluated)::bigint AS evaluated,
    sum(r.failed)::bigint AS failed
FROM dq.rule_result AS r
LEFT JOIN dq.rule AS w ON r.dataset = w.dataset AND r.rule_id = w.rule_id
WHERE r.batch_id = :batch_id AND r.failed > 0
GROUP BY r.rule_id, r.severity, w.title_vi
ORDER BY (r.severity = 'critical') DESC, sum(r.failed) DESC, r.rule_id ASC
LIMIT :at_most;

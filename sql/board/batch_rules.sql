-- Purpose: the results of every rule for a batch, those that failed most first. Grain: one row per rule.
-- It only reads.
SELECT
    s.rule_id,
    s.principle,
    s.severity,
    coalesce(max(r.title_vi), s.rule_id) AS title_vi,
    sum(s.evaluated)::bigint AS evaluated,
    sum(s.failed)::bigint AS failed
FROM dq.rule_result AS s
LEFT JOIN dq.rule AS r ON s.dataset = r.dataset AND s.rule_id = r.rule_id
WHERE s.batch_id = :batch_id
GROUP BY s.rule_id, s.principle, s.severity
ORDER BY failed DESC, s.rule_id ASC;

-- Purpose: what the failed rules of a case say, and what its owner should do; a rule that nobody has
-- worded stands for itself. Grain: one row per failed rule of the case, in its order. It only reads.
SELECT
    u.rule_id,
    coalesce(r.severity, 'critical') AS severity,
    coalesce(r.title_vi, u.rule_id) AS title_vi,
    coalesce(r.remedy_vi, '') AS remedy_vi
FROM dq.quarantine AS q
CROSS JOIN LATERAL unnest(q.failed_rules) WITH ORDINALITY AS u (rule_id, position)
LEFT JOIN dq.rule AS r ON q.dataset = r.dataset AND u.rule_id = r.rule_id
WHERE q.quarantine_id = :quarantine_id
ORDER BY u.position;

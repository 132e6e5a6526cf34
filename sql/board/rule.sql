-- Purpose: what a rule says. Grain: one row, or none. It only reads.
SELECT
    r.rule_id,
    r.dataset,
    r.principle,
    r.severity,
    r.title_vi,
    r.remedy_vi
FROM dq.rule AS r
WHERE r.dataset = :dataset AND r.rule_id = :rule;

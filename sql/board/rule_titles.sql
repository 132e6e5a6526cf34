-- Purpose: what the rules are called that cases break. Grain: one row per dataset and rule that is asked for.
-- It only reads.
SELECT
    r.dataset,
    r.rule_id,
    r.title_vi
FROM unnest(cast(:datasets AS text[]), cast(:rules AS text[])) AS asked (dataset, rule_id)
INNER JOIN dq.rule AS r ON asked.dataset = r.dataset AND asked.rule_id = r.rule_id;

-- Purpose: what every rule says, and what is to be done about it. Grain: dataset and rule. It only reads.
SELECT
    dataset,
    rule_id,
    severity,
    title_vi,
    remedy_vi
FROM dq.rule;

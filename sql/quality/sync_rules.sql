-- Purpose: the wording of the suite's rules, for readers of the results. Grain: dataset and rule.
-- Can run twice: equal rows are left alone. A rule that left the suite stays, for its old results.
INSERT INTO dq.rule AS r (dataset, rule_id, principle, severity, title_vi, remedy_vi)
SELECT
    :dataset,
    u.*
FROM
    unnest(
        cast(:rule_ids AS text[]),
        cast(:principles AS text[]),
        cast(:severities AS text[]),
        cast(:titles AS text[]),
        cast(:remedies AS text[])
    ) AS u
ON CONFLICT (dataset, rule_id) DO UPDATE
    SET
        principle = excluded.principle,
        severity = excluded.severity,
        title_vi = excluded.title_vi,
        remedy_vi = excluded.remedy_vi
    WHERE
    (r.principle, r.severity, r.title_vi, r.remedy_vi)
    IS DISTINCT FROM (excluded.principle, excluded.severity, excluded.title_vi, excluded.remedy_vi);

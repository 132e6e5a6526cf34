-- Purpose: how far the rows of a batch and what the star holds of them agree. Grain: day, dataset, rule.
-- Can run twice: the later batch of a day replaces what the earlier one said.
DELETE FROM dq.evidence
WHERE as_of = :as_of AND dataset = :dataset AND rule_id = any(cast(:rule_ids AS text[]));

INSERT INTO dq.evidence (as_of, dataset, agency_code, rule_id, principle, severity, fault, evaluated, failed)
SELECT
    :as_of,
    :dataset,
    '',
    u.rule_id,
    'synchronised',
    'critical',
    p.fault,
    p.checks,
    CASE p.fault WHEN 'none' THEN 0 ELSE p.checks END
FROM
    unnest(
        cast(:rule_ids AS text[]), cast(:evaluated AS bigint[]), cast(:failed AS bigint[])
    ) AS u (rule_id, evaluated, failed),
    LATERAL (VALUES ('none', u.evaluated - u.failed), ('own_fault', u.failed)) AS p (fault, checks)
WHERE p.checks > 0;

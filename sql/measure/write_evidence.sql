-- Purpose: all that was measured tonight. Grain: night, dataset, rule, agency, fault.
-- Can run twice: a night measured again replaces what it measured before.
DELETE FROM dq.evidence
WHERE as_of = :as_of;

INSERT INTO dq.evidence (as_of, dataset, agency_code, rule_id, principle, severity, fault, evaluated, failed)
SELECT
    :as_of,
    u.*
FROM unnest(
    cast(:datasets AS text[]),
    cast(:agencies AS text[]),
    cast(:rule_ids AS text[]),
    cast(:principles AS text[]),
    cast(:severities AS text[]),
    cast(:faults AS text[]),
    cast(:evaluated AS bigint[]),
    cast(:failed AS bigint[])
) AS u;

INSERT INTO dq.rule AS r (dataset, rule_id, principle, severity, title_vi, remedy_vi)
SELECT DISTINCT
    e.dataset,
    e.rule_id,
    e.principle,
    e.severity,
    u.title_vi,
    u.remedy_vi
FROM dq.evidence AS e
INNER JOIN unnest(
    cast(:known AS text[]), cast(:titles AS text[]), cast(:remedies AS text[])
) AS u (rule_id, title_vi, remedy_vi) ON e.rule_id = u.rule_id
WHERE e.as_of = :as_of
ON CONFLICT (dataset, rule_id) DO UPDATE
    SET
        principle = excluded.principle,
        severity = excluded.severity,
        title_vi = excluded.title_vi,
        remedy_vi = excluded.remedy_vi
    WHERE
    (r.principle, r.severity, r.title_vi, r.remedy_vi)
    IS DISTINCT FROM (excluded.principle, excluded.severity, excluded.title_vi, excluded.remedy_vi);

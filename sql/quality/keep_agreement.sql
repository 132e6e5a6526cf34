-- Purpose: both values of each fact of a pair. Grain: night, pair, agency, period, subject.
-- Input: the temporary table `told`. Can run twice: a night measured again replaces its values; the rows of
-- nights older than :keep_since go, their counts stay in dq.evidence.
DELETE FROM dq.agreement
WHERE pair_id = :pair_id AND (as_of = :as_of OR as_of < :keep_since);

INSERT INTO dq.agreement (as_of, pair_id, dataset, agency_code, period_code, subject, said, other, agrees)
SELECT
    :as_of,
    :pair_id,
    :dataset,
    agency_code,
    period_code,
    subject,
    said,
    other,
    abs(said - other) <= greatest(cast(:absolute AS numeric), abs(other) * cast(:percent AS numeric) / 100)
FROM told;

SELECT
    cast(:dataset AS text) AS dataset,
    CASE WHEN :is_charged THEN agency_code ELSE '' END AS agency_code,
    cast(:pair_id AS text) AS rule_id,
    'data_defect' AS fault,
    count(*) AS evaluated,
    count(*) FILTER (WHERE NOT agrees) AS failed
FROM dq.agreement
WHERE as_of = :as_of AND pair_id = :pair_id
GROUP BY CASE WHEN :is_charged THEN agency_code ELSE '' END;

-- Purpose: how many rows each rule judged and how many failed, and of which agencies rows were judged.
-- Grain: batch, rule, agency. Can run twice: judging a batch again replaces its results.
DELETE FROM dq.rule_result
WHERE batch_id = :batch_id;

DELETE FROM dq.judged_agency
WHERE batch_id = :batch_id;

INSERT INTO dq.rule_result (
    dataset, batch_id, rule_id, principle, severity, of_dataset, agency_code, evaluated, failed
)
SELECT
    :dataset,
    :batch_id,
    u.*
FROM unnest(
    cast(:rule_ids AS text[]),
    cast(:principles AS text[]),
    cast(:severities AS text[]),
    cast(:of_dataset AS boolean[]),
    cast(:agencies AS text[]),
    cast(:evaluated AS bigint[]),
    cast(:failed AS bigint[])
) AS u;

INSERT INTO dq.judged_agency (dataset, agency_code, as_of, batch_id)
SELECT DISTINCT
    r.dataset,
    r.agency_code,
    b.as_of,
    r.batch_id
FROM dq.rule_result AS r
INNER JOIN meta.batch AS b ON r.batch_id = b.batch_id
WHERE r.batch_id = :batch_id AND r.evaluated > 0 AND NOT r.of_dataset;

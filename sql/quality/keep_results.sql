-- Purpose: how many rows each rule judged and how many failed. Grain: batch, rule, agency.
-- Can run twice: judging a batch again replaces its results.
DELETE FROM dq.rule_result
WHERE batch_id = :batch_id;

INSERT INTO dq.rule_result (
    dataset, batch_id, rule_id, principle, severity, agency_code, evaluated, failed
)
SELECT
    :dataset,
    :batch_id,
    u.*
FROM unnest(
    cast(:rule_ids AS text[]),
    cast(:principles AS text[]),
    cast(:severities AS text[]),
    cast(:agencies AS text[]),
    cast(:evaluated AS bigint[]),
    cast(:failed AS bigint[])
) AS u;

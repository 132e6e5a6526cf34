-- Purpose: the scores of a night, of one dataset or of all: the only way into dq.score.
-- Grain: day, dataset, agency, principle. Input: dq.evidence_on, all evidence that stands that day.
-- A principle without evidence gets no row; a score is rounded down, so 100 means no failure at all.
-- Rows may have been judged on an older night: judged_on is the oldest of them.
-- Evidence about the platform carries no agency: nobody is blamed for it.
-- Can run twice: the later evidence of a day replaces the scores of the earlier.
DELETE FROM dq.score
WHERE as_of = :as_of AND dataset = coalesce(cast(:dataset AS text), dataset);

INSERT INTO dq.score (
    as_of, dataset, agency_code, principle, score, evaluated, failed, rules, judged_on, faults
)
SELECT
    :as_of,
    dataset,
    agency_code,
    principle,
    floor(10000.0 * (sum(evaluated) - sum(failed)) / sum(evaluated)) / 100,
    sum(evaluated),
    sum(failed),
    count(DISTINCT rule_id),
    min(judged_on),
    jsonb_strip_nulls(
        jsonb_build_object(
            'source_late', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'source_late'), 0), 0),
            'gateway_down', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'gateway_down'), 0), 0),
            'authentication', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'authentication'), 0), 0),
            'contract_breach', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'contract_breach'), 0), 0),
            'data_defect', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'data_defect'), 0), 0),
            'own_fault', nullif(coalesce(sum(failed) FILTER (WHERE fault = 'own_fault'), 0), 0)
        )
    )
FROM dq.evidence_on(:as_of, :dataset, :batch_id)
GROUP BY dataset, agency_code, principle;

-- Purpose: what a night's batch has that is unlike the nights before. Grain: dataset, agency, metric, night.
-- Can run twice: the same finding is the same row; a verdict stands as long as the value is the one judged.
INSERT INTO dq.anomaly AS t (
    dataset, agency_code, metric, as_of, batch_id, kind, season, value, center, low, high, evidence
)
SELECT
    :dataset,
    f.agency_code,
    f.metric,
    cast(:as_of AS date),
    :batch_id,
    f.kind,
    f.season,
    f.value,
    f.center,
    f.low,
    f.high,
    f.evidence
FROM
    unnest(
        cast(:agencies AS text[]),
        cast(:metrics AS text[]),
        cast(:kinds AS text[]),
        cast(:seasons AS text[]),
        cast(:values AS double precision[]),
        cast(:centers AS double precision[]),
        cast(:lows AS double precision[]),
        cast(:highs AS double precision[]),
        cast(:evidence AS jsonb[])
    ) AS f (agency_code, metric, kind, season, value, center, low, high, evidence)
ON CONFLICT (dataset, agency_code, metric, as_of) DO UPDATE
    SET
        batch_id = excluded.batch_id,
        season = excluded.season,
        value = excluded.value,
        center = excluded.center,
        low = excluded.low,
        high = excluded.high,
        evidence = excluded.evidence,
        status = CASE WHEN t.value = excluded.value AND t.status <> 'withdrawn' THEN t.status ELSE 'open' END,
        judged_by = CASE WHEN t.value = excluded.value THEN t.judged_by END,
        judged_at = CASE WHEN t.value = excluded.value THEN t.judged_at END,
        reason = CASE WHEN t.value = excluded.value THEN t.reason END,
        earlier_verdicts = CASE
            WHEN t.value = excluded.value OR t.judged_by IS NULL THEN t.earlier_verdicts
            ELSE t.earlier_verdicts || jsonb_build_object(
                'status', t.status, 'by', t.judged_by, 'at', t.judged_at, 'reason', t.reason, 'value', t.value
            )
        END
    WHERE t.batch_id <> excluded.batch_id OR t.status = 'withdrawn';

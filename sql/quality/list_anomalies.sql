-- Purpose: values unlike those of comparable nights, the latest first. Grain: one anomaly. Reads only.
SELECT
    a.anomaly_id,
    a.dataset,
    a.agency_code,
    a.metric,
    a.as_of,
    a.kind,
    a.season,
    a.value,
    a.center,
    a.low,
    a.high,
    a.evidence,
    a.status,
    a.judged_by,
    a.judged_at,
    a.reason,
    a.earlier_verdicts,
    a.batch_id,
    coalesce(d.name_vi, '') AS agency_name,
    count(*) OVER () AS found
FROM dq.anomaly AS a
LEFT JOIN dw.dim_agency AS d ON a.agency_code = d.agency_code AND d.is_current
WHERE
    (cast(:anomaly_id AS bigint) IS NULL OR a.anomaly_id = :anomaly_id)
    AND (cast(:dataset AS text) IS NULL OR a.dataset = :dataset)
    AND (cast(:agency AS text) IS NULL OR a.agency_code = :agency)
    AND (cast(:status AS text) IS NULL OR a.status = :status)
    AND (cast(:since AS date) IS NULL OR a.as_of >= :since)
    AND (cast(:until AS date) IS NULL OR a.as_of <= :until)
ORDER BY a.as_of DESC, a.dataset ASC, a.agency_code ASC, a.metric ASC
LIMIT :most;

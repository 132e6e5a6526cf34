-- Purpose: what was said, or not yet said, of a dataset's earlier values. Grain: one anomaly. Reads only.
SELECT
    agency_code,
    metric,
    as_of,
    season,
    value,
    status
FROM dq.anomaly
WHERE dataset = :dataset AND as_of < :as_of AND as_of >= :since AND status <> 'withdrawn';

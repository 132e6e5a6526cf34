-- Purpose: the weighted index that stands on the night of :as_of. Grain: level and what it names.
-- Can run twice: it only reads.
SELECT
    level,
    dataset,
    agency_code,
    master_key,
    score,
    coverage,
    evaluated,
    failed,
    parts
FROM dq.quality_index
WHERE
    as_of = (SELECT max(q.as_of) FROM dq.quality_index AS q WHERE q.as_of <= :as_of)
    AND level IN ('province', 'agency', 'master_key')
ORDER BY score, agency_code, master_key;

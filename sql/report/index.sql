-- Purpose: the weighted index that stands on the night of :as_of, with the night that it is of (an earlier
-- one if that night was not measured) and its weights. Grain: level and what it names.
-- Can run twice: it only reads.
SELECT
    q.as_of,
    q.weighting_id,
    w.valid_from AS weights_from,
    q.level,
    q.dataset,
    q.agency_code,
    q.master_key,
    q.score,
    q.coverage,
    q.evaluated,
    q.failed,
    q.parts
FROM dq.quality_index AS q
INNER JOIN dq.weighting AS w ON q.weighting_id = w.weighting_id
WHERE
    q.as_of = (SELECT max(l.as_of) FROM dq.quality_index AS l WHERE l.as_of <= :as_of)
    AND q.level IN ('province', 'agency', 'master_key')
ORDER BY q.score, q.agency_code, q.master_key;

-- Purpose: whether somebody else read each materialised mart lately, and whether it was watched for that
-- long.
-- Grain: relation. Can run twice: it only reads.
SELECT
    relation,
    bool_or(read_by_others AND as_of > cast(:as_of AS date) - cast(:days AS integer)) AS is_read,
    min(as_of) <= cast(:as_of AS date) - cast(:days AS integer) AS is_watched
FROM meta.mart_usage
WHERE as_of <= :as_of
GROUP BY relation

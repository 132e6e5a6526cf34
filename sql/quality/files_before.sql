-- Purpose: what the nights before :as_of know of each file. Grain: one row per batch and file.
-- Can run twice: it only reads.
SELECT
    f.path,
    f.size_bytes,
    f.modified_at,
    f.status,
    f.sha256,
    f.submitter,
    f.period,
    f.version
FROM meta.received_file AS f
INNER JOIN meta.batch AS b ON f.batch_id = b.batch_id
WHERE
    f.dataset = :dataset
    AND b.as_of < :as_of
    AND (f.status = 'not_ready' OR (f.status IN ('read', 'same', 'superseded') AND b.status = 'loaded'));

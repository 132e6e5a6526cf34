-- Purpose: a version of the weights, for good. Grain: first day and content.
-- Can run twice: a version that is there keeps its id; one that was changed and changed back becomes the
-- last.
INSERT INTO dq.weighting (valid_from, sha256, source_vi, content)
VALUES (:valid_from, :sha256, :source, cast(:content AS jsonb))
ON CONFLICT (valid_from, sha256) DO NOTHING;

UPDATE dq.weighting AS t
SET recorded_at = clock_timestamp()
FROM dq.weighting AS o
WHERE
    t.valid_from = :valid_from AND t.sha256 = :sha256
    AND t.valid_from = o.valid_from AND o.weighting_id <> t.weighting_id AND o.recorded_at >= t.recorded_at;

SELECT weighting_id
FROM dq.weighting
WHERE valid_from = :valid_from AND sha256 = :sha256;

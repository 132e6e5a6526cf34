-- Purpose: what an earlier run of the same night found and this one does not, if nobody has judged it.
-- Can run twice.
UPDATE dq.anomaly AS t
SET status = 'withdrawn'
WHERE
    t.dataset = :dataset
    AND t.as_of = :as_of
    AND t.status = 'open'
    AND t.batch_id <> :batch_id;

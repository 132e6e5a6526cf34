-- Purpose: the draft, the report in force and the last rejected draft of a kind and night. Grain: one row
-- each, if there is one.
-- Can run twice: it only reads.
SELECT
    report_id,
    state,
    data_sha256,
    document
FROM dq.report
WHERE kind = :kind AND as_of = :as_of AND state <> 'superseded'
ORDER BY report_id;

-- Purpose: the reports of the night of :as_of, and all drafts that wait for a person. Grain: one row per
-- report. It only reads.
SELECT
    report_id,
    kind,
    as_of,
    state,
    number,
    number_year
FROM dq.report
WHERE as_of = :as_of OR state = 'draft'
ORDER BY report_id DESC
LIMIT 50;

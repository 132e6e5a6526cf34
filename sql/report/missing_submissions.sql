-- Purpose: the periods that were due before :as_of and that nobody had reported by then.
-- Grain: one row per dataset, agency and period. Can run twice: it only reads.
SELECT
    dataset,
    agency_code,
    period_code,
    due_on
FROM dq.submission
WHERE
    due_on < :as_of
    AND (first_submitted_at IS NULL OR first_submitted_at >= cast(:as_of AS date) + 1)
ORDER BY agency_code, due_on, dataset;

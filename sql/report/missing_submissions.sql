-- Purpose: the periods whose last day was over on :as_of and that nobody had usably reported by then, and how
-- each agency stands. Grain: one row per dataset, agency and period. Can run twice: it only reads.
-- What we could not look for is not said to be missing.
SELECT
    dataset,
    agency_code,
    period_code,
    due_on,
    state
FROM dq.submission_on(:as_of)
WHERE state IN ('not_reported', 'unusable') AND due_on < :as_of
ORDER BY agency_code, due_on, dataset;

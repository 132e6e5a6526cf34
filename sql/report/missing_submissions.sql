-- Purpose: the periods of the last :days days whose last day was over on :as_of and that nobody had reported
-- by then, or not in a form that can be used: those that submission_counts.sql counts.
-- Grain: one row per dataset, agency and period. Can run twice: it only reads. What we could not look for is
-- not said to be missing.
SELECT
    dataset,
    agency_code,
    period_code,
    due_on,
    state
FROM dq.submission_on(:as_of)
WHERE
    state IN ('not_reported', 'unusable')
    AND last_day < :as_of AND last_day >= cast(:as_of AS date) - cast(:days AS integer)
ORDER BY agency_code, due_on, dataset;

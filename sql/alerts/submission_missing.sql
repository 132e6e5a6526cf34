-- Purpose: reports that are overdue on :as_of and were not sent, or not in a form that can be used. Grain:
-- one row per dataset and period. `is_old`: its last day was more than :old_days days ago; nobody is told
-- any more, and nobody is told that it came before it has. It only reads.
SELECT
    dataset,
    period_code,
    count(DISTINCT agency_code)::integer AS agencies,
    min(last_day) AS since,
    bool_and(last_day < :as_of - cast(:old_days AS integer)) AS is_old
FROM dq.submission_on(:as_of)
WHERE state IN ('not_reported', 'unusable') AND dataset = any(cast(:datasets AS text[]))
GROUP BY dataset, period_code
ORDER BY dataset, period_code;

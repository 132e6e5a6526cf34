-- Purpose: how the reports that are asked for stand on the night of :as_of, of those due in the last :days
-- days; missing_submissions.sql lists those of them that are missing.
-- Grain: one row per dataset. Can run twice: it only reads.
SELECT
    dataset,
    count(*) AS asked,
    count(*) FILTER (WHERE state = 'in_time') AS in_time,
    count(*) FILTER (WHERE state = 'late') AS late,
    count(*) FILTER (WHERE state = 'not_reported') AS not_reported,
    count(*) FILTER (WHERE state = 'unusable') AS unusable,
    count(*) FILTER (WHERE state = 'unknown') AS unknown,
    count(*) FILTER (WHERE state = 'exempt') AS exempt,
    count(*) FILTER (WHERE row_count > 0 AND row_count = zero_count) AS only_zeros
FROM dq.submission_on(:as_of)
WHERE last_day < :as_of AND last_day >= cast(:as_of AS date) - cast(:days AS integer)
GROUP BY dataset
ORDER BY dataset;

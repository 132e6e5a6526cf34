-- Purpose: the open dossiers whose due day is over on :as_of. Grain: one row per agency.
-- Can run twice: it only reads.
SELECT
    agency_code,
    sum(dossiers)::bigint AS dossiers,
    min(due_on) AS oldest_due_on
FROM mart.dossier_overdue
WHERE due_on < :as_of
GROUP BY agency_code
ORDER BY agency_code;

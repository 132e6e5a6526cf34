-- Purpose: the open dossiers whose due day is over on :as_of. Grain: one row per agency. Those of a dissolved
-- agency are for the one that does its work; `taken_over` says whose they were. Can run twice: it only reads.
SELECT
    CASE WHEN a.agency_code IS NULL THEN d.agency_code ELSE coalesce(a.answers_code, '') END AS agency_code,
    sum(d.dossiers)::bigint AS dossiers,
    min(d.due_on) AS oldest_due_on,
    array_agg(DISTINCT a.agency_code)
    FILTER (WHERE a.agency_code IS NOT NULL AND coalesce(a.answers_code <> a.agency_code, TRUE)) AS taken_over
FROM mart.dossier_overdue AS d
LEFT JOIN dw.agencies_answering(:as_of) AS a ON d.agency_code = a.agency_code
WHERE d.due_on < :as_of
GROUP BY CASE WHEN a.agency_code IS NULL THEN d.agency_code ELSE coalesce(a.answers_code, '') END
ORDER BY agency_code;

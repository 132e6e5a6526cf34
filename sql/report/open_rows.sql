-- Purpose: how many rows each agency has in the quarantine on the night of :as_of; a row counts once, however
-- many rules it breaks. Grain: one row per dataset and agency; `overdue` are rows past their deadline. Rows
-- of a dissolved agency are for the one that does its work; `taken_over` says whose they were. Can run twice:
-- it only reads.
WITH waiting AS (
    SELECT
        q.dataset,
        CASE WHEN a.agency_code IS NULL THEN q.agency_code ELSE coalesce(a.answers_code, '') END
            AS agency_code,
        CASE WHEN a.answers_code = a.agency_code THEN NULL ELSE a.agency_code END AS of_agency,
        q.first_seen_on,
        coalesce(q.due_on, meta.add_working_days(q.first_seen_on, :working_days)) AS due_on
    FROM dq.quarantine AS q
    LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
    LEFT JOIN dw.agencies_answering(:as_of) AS a ON q.agency_code = a.agency_code
    WHERE q.first_seen_on <= :as_of AND (q.status = 'open' OR b.as_of > :as_of)
)

SELECT
    dataset,
    agency_code,
    count(*) AS records,
    count(*) FILTER (WHERE due_on < :as_of) AS overdue,
    min(first_seen_on) AS first_seen_on,
    min(due_on) AS due_on,
    array_agg(DISTINCT of_agency) FILTER (WHERE of_agency IS NOT NULL) AS taken_over
FROM waiting
GROUP BY dataset, agency_code
ORDER BY dataset, agency_code;

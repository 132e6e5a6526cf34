-- Purpose: how many rows each agency has in the quarantine on the night of :as_of; a row counts once, however
-- many rules it breaks. Grain: one row per dataset and agency; `overdue` are rows past their deadline. Can
-- run twice: it only reads.
WITH waiting AS (
    SELECT
        q.dataset,
        q.agency_code,
        q.first_seen_on,
        coalesce(q.due_on, meta.add_working_days(q.first_seen_on, :working_days)) AS due_on
    FROM dq.quarantine AS q
    LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
    WHERE q.first_seen_on <= :as_of AND (q.status = 'open' OR b.as_of > :as_of)
)

SELECT
    dataset,
    agency_code,
    count(*) AS records,
    count(*) FILTER (WHERE due_on < :as_of) AS overdue,
    min(first_seen_on) AS first_seen_on,
    min(due_on) AS due_on
FROM waiting
GROUP BY dataset, agency_code
ORDER BY dataset, agency_code;

-- Purpose: how many rows each agency has in the quarantine on the night of :as_of; a row counts once,
-- however many rules it breaks. Grain: one row per dataset and agency; `overdue` are rows first seen
-- before :overdue_before. Can run twice: it only reads.
SELECT
    q.dataset,
    q.agency_code,
    count(*) AS records,
    count(*) FILTER (WHERE q.first_seen_on < :overdue_before) AS overdue,
    min(q.first_seen_on) AS first_seen_on
FROM dq.quarantine AS q
LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
WHERE q.first_seen_on <= :as_of AND (q.status = 'open' OR b.as_of > :as_of)
GROUP BY q.dataset, q.agency_code
ORDER BY q.dataset, q.agency_code;

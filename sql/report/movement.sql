-- Purpose: what was found and what was mended in the quarantine after :since, until the night of :as_of, and
-- what is open then. Grain: one row per agency. A row that a later night resolved was still open then.
-- Can run twice: it only reads.
SELECT
    q.agency_code,
    count(*) FILTER (WHERE q.first_seen_on > :since) AS found,
    count(*) FILTER (WHERE q.status = 'resolved' AND b.as_of > :since AND b.as_of <= :as_of) AS mended,
    count(*) FILTER (WHERE q.status = 'open' OR b.as_of > :as_of) AS open
FROM dq.quarantine AS q
LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
WHERE q.first_seen_on <= :as_of
GROUP BY q.agency_code
ORDER BY q.agency_code;

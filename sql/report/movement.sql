-- Purpose: what was found and what was mended in the quarantine after :since, until the night of :as_of, and
-- what is open then. What the source no longer sends was not mended and is counted apart. Rows of a dissolved
-- agency are for the one that does its work; `taken_over` says whose they were.
-- Grain: one row per agency. A row that a later night resolved was still open then.
-- Can run twice: it only reads.
WITH known AS (
    SELECT
        q.quarantine_id,
        CASE WHEN a.agency_code IS NULL THEN q.agency_code ELSE coalesce(a.answers_code, '') END
            AS agency_code,
        CASE WHEN a.answers_code = a.agency_code THEN NULL ELSE a.agency_code END AS of_agency,
        q.first_seen_on > :since AS is_new,
        q.status = 'resolved' AND b.as_of > :since AND b.as_of <= :as_of AS is_closed,
        q.status = 'open' OR coalesce(b.as_of > :as_of, FALSE) AS is_open
    FROM dq.quarantine AS q
    LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
    LEFT JOIN dw.agencies_answering(:as_of) AS a ON q.agency_code = a.agency_code
    WHERE q.first_seen_on <= :as_of
),

moved AS (
    SELECT
        k.agency_code,
        k.of_agency,
        k.is_new,
        k.is_closed,
        k.is_open,
        k.is_closed
        AND EXISTS (
            SELECT FROM dq.case_event AS e
            WHERE e.quarantine_id = k.quarantine_id AND e.event = 'no_longer_sent'
        ) AS is_unsent
    FROM known AS k
    WHERE k.is_new OR k.is_closed OR k.is_open
)

SELECT
    agency_code,
    count(*) FILTER (WHERE is_new) AS found,
    count(*) FILTER (WHERE is_closed AND NOT is_unsent) AS mended,
    count(*) FILTER (WHERE is_unsent) AS unsent,
    count(*) FILTER (WHERE is_open) AS open,
    array_agg(DISTINCT of_agency) FILTER (WHERE of_agency IS NOT NULL) AS taken_over
FROM moved
GROUP BY agency_code
ORDER BY agency_code;

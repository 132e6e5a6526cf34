-- Purpose: the records that each agency has to mend on the night of :as_of, masked. Those of a dissolved
-- agency go to the one that does its work (of_agency says whose they were); a record that names no agency of
-- the catalogue, or one without a successor, is a matter for the owner of its dataset (:owned, :owners), or
-- for the owner's successor. Grain: one row per case that was open then, by agency. An empty :agency stands
-- for all. Can run twice: it only reads.
WITH answering AS MATERIALIZED (SELECT * FROM dw.agencies_answering(:as_of))

SELECT
    coalesce(a.answers_code, w.answers_code, o.agency_code, '') AS agency_code,
    CASE WHEN a.answers_code = a.agency_code THEN NULL ELSE a.agency_code END AS of_agency,
    q.quarantine_id,
    q.dataset,
    q.business_key,
    q.failed_rules,
    q.raw,
    q.first_seen_on,
    coalesce(q.due_on, meta.add_working_days(q.first_seen_on, :working_days)) AS due_on,
    q.reopened_on
FROM dq.quarantine_masked AS q
LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
LEFT JOIN answering AS a ON q.agency_code = a.agency_code
LEFT JOIN unnest(cast(:owned AS text[]), cast(:owners AS text[])) AS o (dataset, agency_code)
    ON q.dataset = o.dataset
LEFT JOIN answering AS w ON o.agency_code = w.agency_code
WHERE
    q.first_seen_on <= :as_of
    AND (q.status = 'open' OR b.as_of > :as_of)
    AND coalesce(a.answers_code, w.answers_code, o.agency_code, '')
    = coalesce(cast(:agency AS text), a.answers_code, w.answers_code, o.agency_code, '')
ORDER BY agency_code, q.dataset, due_on, q.quarantine_id;

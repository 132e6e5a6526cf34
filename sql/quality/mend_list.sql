-- Purpose: the records that each agency has to mend on the night of :as_of, masked. A record that names no
-- agency of the catalogue is a matter for the owner of its dataset (:owned, :owners). Grain: one row per case
-- that was open then, by agency. An empty :agency stands for all. Can run twice: it only reads.
SELECT
    coalesce(a.agency_code, o.agency_code, '') AS agency_code,
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
LEFT JOIN dw.dim_agency AS a
    ON q.agency_code = a.agency_code AND a.is_current AND NOT a.is_inferred AND a.agency_key > 0
LEFT JOIN unnest(cast(:owned AS text[]), cast(:owners AS text[])) AS o (dataset, agency_code)
    ON q.dataset = o.dataset
WHERE
    q.first_seen_on <= :as_of
    AND (q.status = 'open' OR b.as_of > :as_of)
    AND coalesce(a.agency_code, o.agency_code, '')
    = coalesce(cast(:agency AS text), a.agency_code, o.agency_code, '')
ORDER BY agency_code, q.dataset, due_on, q.quarantine_id;

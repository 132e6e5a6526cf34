-- Purpose: what each agency has to mend, by dataset and deadline, on the night of :as_of. Grain: agency,
-- dataset. An agency code outside the catalogue may be anything; those rows stand together under an empty
-- code. It only reads.
SELECT
    q.dataset,
    coalesce(a.agency_code, '') AS agency_code,
    count(*) AS open_cases,
    count(*) FILTER (WHERE q.due_on < :as_of) AS expired,
    count(*) FILTER (WHERE q.due_on BETWEEN :as_of AND :soon) AS due_soon,
    count(*) FILTER (WHERE q.reopened_on IS NOT NULL) AS reopened,
    min(q.due_on) AS first_due_on
FROM dq.quarantine AS q
LEFT JOIN dw.dim_agency AS a
    ON q.agency_code = a.agency_code AND a.is_current AND NOT a.is_inferred AND a.agency_key > 0
WHERE
    q.status = 'open'
    AND q.first_seen_on <= :as_of
    AND q.dataset = coalesce(cast(:dataset AS text), q.dataset)
    AND q.agency_code = coalesce(cast(:agency AS text), q.agency_code)
GROUP BY q.dataset, coalesce(a.agency_code, '')
ORDER BY min(q.due_on), coalesce(a.agency_code, ''), q.dataset;

-- Purpose: what each agency has to mend, by dataset and deadline, on the night of :as_of. Grain: agency,
-- dataset. What was of a dissolved agency is for the one that does its work. An agency code outside the
-- catalogue may be anything; those rows, and those of an agency without a successor, stand together under an
-- empty code. It only reads.
SELECT
    q.dataset,
    coalesce(a.answers_code, '') AS agency_code,
    count(*) AS open_cases,
    count(*) FILTER (WHERE q.due_on < :as_of) AS expired,
    count(*) FILTER (WHERE q.due_on BETWEEN :as_of AND :soon) AS due_soon,
    count(*) FILTER (WHERE q.reopened_on IS NOT NULL) AS reopened,
    min(q.due_on) AS first_due_on
FROM dq.quarantine AS q
LEFT JOIN dw.agencies_answering(:as_of) AS a ON q.agency_code = a.agency_code
WHERE
    q.status = 'open'
    AND q.first_seen_on <= :as_of
    AND q.dataset = coalesce(cast(:dataset AS text), q.dataset)
    AND (cast(:agency AS text) IS NULL OR q.agency_code = :agency OR a.answers_code = :agency)
GROUP BY q.dataset, coalesce(a.answers_code, '')
ORDER BY min(q.due_on), coalesce(a.answers_code, ''), q.dataset;

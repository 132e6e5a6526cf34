-- Purpose: the files that waited for their senders on the night of :as_of, the oldest first.
-- Grain: one row per case. A case that a later night closed was still open then.
-- Can run twice: it only reads.
SELECT
    r.dataset,
    r.path,
    r.sheet,
    r.cell,
    r.title_vi,
    r.remedy_vi,
    r.first_seen_on,
    r.due_on,
    coalesce(a.name_vi, r.submitter, '') AS sender
FROM dq.rejected_file AS r
LEFT JOIN meta.batch AS b ON r.resolved_batch_id = b.batch_id
LEFT JOIN dw.dim_agency AS a
    ON
        a.is_current
        AND (
            r.submitter = a.agency_code
            OR (r.submitter = a.administrative_unit_code AND a.agency_type = 'commune')
        )
WHERE r.first_seen_on <= :as_of AND (r.status = 'open' OR b.as_of > :as_of)
ORDER BY r.first_seen_on, r.dataset, r.path;

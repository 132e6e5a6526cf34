-- Purpose: one page of the quarantine, the oldest first, going on after (:after_day, :after_id).
-- Grain: one row per case, at most :at_most. Empty filters let everything through. What is filtered by is
-- what the masked view shows too: an agency outside the catalogue cannot be asked for. Ids are found by
-- index; everything that is shown comes from the masked view. It only reads.
WITH picked AS (
    SELECT q.quarantine_id
    FROM dq.quarantine AS q
    WHERE
        (cast(:dataset AS text) IS NULL OR q.dataset = :dataset)
        AND (
            cast(:agency AS text) IS NULL
            OR (
                q.agency_code = :agency
                AND :agency IN (
                    SELECT a.agency_code FROM dw.dim_agency AS a WHERE a.agency_key > 0 AND NOT a.is_inferred
                )
            )
        )
        AND (cast(:rule AS text) IS NULL OR q.failed_rules @> ARRAY[cast(:rule AS text)])
        AND (cast(:status AS text) IS NULL OR q.status = :status)
        AND (NOT :expired OR q.expired_on IS NOT NULL)
        AND (cast(:seen_until AS date) IS NULL OR q.first_seen_on <= :seen_until)
        AND (
            cast(:after_id AS bigint) IS NULL
            OR (q.first_seen_on, q.quarantine_id) > (cast(:after_day AS date), cast(:after_id AS bigint))
        )
    ORDER BY q.first_seen_on, q.quarantine_id
    LIMIT :at_most
)

SELECT
    m.quarantine_id,
    m.dataset,
    m.agency_code,
    m.status,
    m.state,
    m.business_key,
    m.failed_rules,
    m.first_seen_on,
    m.due_on,
    m.waived_until,
    m.reopened_on
FROM dq.quarantine_masked AS m
WHERE m.quarantine_id = any(array(SELECT picked.quarantine_id FROM picked))
ORDER BY m.first_seen_on, m.quarantine_id;

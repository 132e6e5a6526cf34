-- Purpose: the cases of the quarantine that a person asks for, the oldest first, and how many there are in
-- all. Grain: one row per case, at most :at_most. An empty filter lets everything through; filters see only
-- what is shown, so that nobody can ask for what is masked. `open` finds the expired too. It only reads.
SELECT
    q.quarantine_id,
    q.dataset,
    q.agency_code,
    q.status,
    q.state,
    q.business_key,
    q.failed_rules,
    q.first_seen_on,
    q.due_on,
    q.waived_until,
    q.reopened_on,
    count(*) OVER () AS matching
FROM dq.quarantine_masked AS q
WHERE
    q.dataset = coalesce(cast(:dataset AS text), q.dataset)
    AND q.agency_code = coalesce(cast(:agency AS text), q.agency_code)
    AND (cast(:status AS text) IS NULL OR cast(:status AS text) IN (q.status, q.state))
    AND (cast(:rule AS text) IS NULL OR q.failed_rules @> ARRAY[cast(:rule AS text)])
ORDER BY q.first_seen_on, q.quarantine_id
LIMIT :at_most;

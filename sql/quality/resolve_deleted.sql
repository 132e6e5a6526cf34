-- Purpose: close the quarantined rows that their owner deleted: the source told all of its keys, and theirs
-- is not among them. Inputs: source_business_keys (pg_temp view); without keys nothing is closed. Records
-- without a key are left to resolve_unsent.sql. Grain: one event per case.
-- Can run twice: closed stays closed.
WITH gone AS (
    UPDATE dq.quarantine AS q
    SET status = 'resolved', resolved_at = now(), resolved_batch_id = :batch_id
    WHERE
        q.dataset = :dataset
        AND q.status <> 'resolved'
        AND q.last_seen_batch_id <> :batch_id
        AND q.business_key <> ''
        AND EXISTS (SELECT FROM source_business_keys)
        AND NOT EXISTS (
            SELECT FROM source_business_keys AS k
            WHERE k.business_key = q.business_key
        )
    RETURNING q.quarantine_id
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on)
SELECT
    quarantine_id,
    'no_longer_sent',
    :as_of
FROM gone;

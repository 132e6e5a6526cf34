-- Purpose: put the rejected rows of a batch into the quarantine and close those that its owner mended.
-- Grain: one unsettled row per dataset, business key and content. Inputs: rejected, accepted_keys
-- (pg_temp views). Can run twice: a row that is there already is only marked as seen again.
INSERT INTO dq.quarantine AS q (
    dataset,
    business_key,
    batch_id,
    failed_rules,
    raw,
    raw_md5,
    agency_code,
    first_seen_on,
    last_seen_batch_id
)
SELECT
    :dataset,
    business_key,
    :batch_id,
    failed_rules,
    raw,
    raw_md5,
    agency_code,
    :as_of,
    :batch_id
FROM rejected
ON CONFLICT (dataset, business_key, raw_md5) WHERE status <> 'resolved'
DO UPDATE
    SET failed_rules = excluded.failed_rules, last_seen_batch_id = excluded.last_seen_batch_id;

UPDATE dq.quarantine AS q
SET status = 'resolved', resolved_at = now(), resolved_batch_id = :batch_id
WHERE
    q.dataset = :dataset
    AND q.status <> 'resolved'
    AND q.last_seen_batch_id <> :batch_id
    AND EXISTS (
        SELECT FROM accepted_keys AS k
        WHERE k.business_key = q.business_key
    );

-- Purpose: close the quarantined rows that their owner mended: their key came again, and not in this
-- form: it passes now, or fewer records carry it. A key that passes while another record with it still
-- fails stays open; half a key is that of many records and closes none.
-- Inputs: accepted_keys, rejected (pg_temp views). Can run twice: closed stays closed.
UPDATE dq.quarantine AS q
SET status = 'resolved', resolved_at = now(), resolved_batch_id = :batch_id
WHERE
    q.dataset = :dataset
    AND q.status <> 'resolved'
    AND q.last_seen_batch_id <> :batch_id
    AND q.business_key !~ '(^|[|])([|]|$)'
    AND (
        q.business_key IN (SELECT k.business_key FROM accepted_keys AS k)
        OR q.business_key IN (SELECT r.business_key FROM rejected AS r)
    );

-- Purpose: a case keeps its number, rules and dates and loses its record; if the record was about the person,
-- nobody can mend it, and it is waived for good. Can run twice.
WITH changed AS (
    UPDATE dq.quarantine AS q
    SET
        raw = :raw,
        raw_md5 = CASE WHEN :whole THEN md5(:business_key || q.quarantine_id) ELSE q.raw_md5 END,
        business_key = CASE WHEN :whole THEN :business_key ELSE q.business_key END,
        status = CASE WHEN :whole AND q.status = 'open' THEN 'waived' ELSE q.status END,
        waived_by = CASE WHEN :whole AND q.status = 'open' THEN :decided_by ELSE q.waived_by END,
        waived_reason = CASE WHEN :whole AND q.status = 'open' THEN :reason ELSE q.waived_reason END,
        waived_until = CASE WHEN :whole THEN NULL ELSE q.waived_until END
    WHERE q.quarantine_id = :quarantine_id
    RETURNING q.quarantine_id, old.status AS status_before
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on, by_whom, reason)
SELECT
    quarantine_id,
    'waived',
    current_date,
    :decided_by,
    :reason
FROM changed
WHERE :whole AND status_before = 'open';

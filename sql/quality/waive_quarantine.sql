-- Purpose: a person takes a case off the list of open ones until a day, with name and reason; the row stays
-- out of the warehouse. Grain: one row, or none where the case is not open. Can run twice: the first word
-- counts.
WITH waived AS (
    UPDATE dq.quarantine
    SET status = 'waived', waived_by = :by, waived_reason = :reason, waived_until = :until
    WHERE quarantine_id = :quarantine_id AND status = 'open'
    RETURNING quarantine_id
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on, by_whom, reason, until)
SELECT
    quarantine_id,
    'waived',
    :today,
    :by,
    :reason,
    :until
FROM waived
RETURNING quarantine_id;

-- Purpose: a waiver whose last day is over ends: its case is open again, and that is written down.
-- Grain: one event per case. Can run twice: an open case is left alone.
WITH ended AS (
    UPDATE dq.quarantine AS q
    SET
        status = 'open',
        reopened_on = :as_of,
        waived_by = NULL,
        waived_reason = NULL,
        waived_until = NULL
    WHERE q.status = 'waived' AND q.waived_until < :as_of
    RETURNING q.quarantine_id, old.waived_by, old.waived_reason, old.waived_until
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on, by_whom, reason, until)
SELECT
    quarantine_id,
    'waiver_ended',
    :as_of,
    waived_by,
    waived_reason,
    waived_until
FROM ended;

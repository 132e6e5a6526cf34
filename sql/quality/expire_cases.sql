-- Purpose: mark the open cases whose deadline is over. Grain: one event per case.
-- Can run twice: a case is marked once.
WITH expired AS (
    UPDATE dq.quarantine
    SET expired_on = :as_of
    WHERE status = 'open' AND due_on < :as_of AND expired_on IS NULL
    RETURNING quarantine_id, due_on
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on, until)
SELECT
    quarantine_id,
    'expired',
    :as_of,
    due_on
FROM expired;

-- Purpose: a person takes a case off the list of open ones, with name and reason; the row stays out of the
-- warehouse. Grain: one row, or none where the case is not open. Can run twice: the first word counts.
UPDATE dq.quarantine
SET status = 'waived', waived_by = :by, waived_reason = :reason
WHERE quarantine_id = :quarantine_id AND status = 'open'
RETURNING quarantine_id;

-- Purpose: a case of the quarantine has a deadline, and a waiver has an end. `status` keeps its three values;
-- that a deadline has passed is a mark (`expired_on`) on a case that is still open.
ALTER TABLE dq.quarantine
ADD COLUMN due_on date,
ADD COLUMN expired_on date,
ADD COLUMN waived_until date,
ADD COLUMN reopened_on date,
ADD CONSTRAINT quarantine_expired_after_due CHECK (expired_on IS NULL OR expired_on > due_on);

COMMENT ON COLUMN dq.quarantine.due_on IS
'The last day on which mending is in time; fixed when the case is first seen.';
COMMENT ON COLUMN dq.quarantine.expired_on IS
'The night that found the case open after its deadline; kept when it is mended late.';
COMMENT ON COLUMN dq.quarantine.waived_until IS
'The last day of the waiver; the night after it opens the case again.';
COMMENT ON COLUMN dq.quarantine.reopened_on IS
'The night that opened the case again because its waiver had ended.';

CREATE TABLE dq.case_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    quarantine_id bigint NOT NULL REFERENCES dq.quarantine (quarantine_id),
    event text NOT NULL CHECK (event IN ('waived', 'waiver_ended', 'expired')),
    happened_on date NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    by_whom text,
    reason text,
    until date
);
CREATE INDEX case_event_case ON dq.case_event (quarantine_id);
COMMENT ON TABLE dq.case_event IS
'What people and the calendar did to a case, beside its own columns, which say how it stands now.';
COMMENT ON COLUMN dq.case_event.by_whom IS 'Empty where the calendar did it.';

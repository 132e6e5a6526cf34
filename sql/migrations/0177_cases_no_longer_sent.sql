-- Purpose: a case of a record without a whole key can close because its source no longer sends the record.
ALTER TABLE dq.case_event
DROP CONSTRAINT case_event_event_check,
ADD CONSTRAINT case_event_event_check
CHECK (event IN ('waived', 'waiver_ended', 'expired', 'no_longer_sent'));

-- Purpose: the board turns pages of the quarantine, however long it has become: whatever is filtered by, the
-- oldest cases come first out of an index, and the next page goes on where the last one ended.
CREATE INDEX quarantine_by_age ON dq.quarantine (status, first_seen_on, quarantine_id);
CREATE INDEX quarantine_of_dataset ON dq.quarantine (dataset, status, first_seen_on, quarantine_id);
CREATE INDEX quarantine_of_agency ON dq.quarantine (agency_code, status, first_seen_on, quarantine_id);
CREATE INDEX quarantine_of_rule ON dq.quarantine USING gin (failed_rules);
CREATE INDEX quarantine_in_order ON dq.quarantine (first_seen_on, quarantine_id);

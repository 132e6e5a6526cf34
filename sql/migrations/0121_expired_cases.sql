-- Purpose: open cases whose deadline has passed are counted by dataset, and listed, without reading others.
CREATE INDEX quarantine_expired ON dq.quarantine (dataset, first_seen_on, quarantine_id)
WHERE status = 'open' AND expired_on IS NOT NULL;

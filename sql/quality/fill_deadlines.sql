-- Purpose: cases from before there were deadlines get theirs, as if fixed when they were first seen.
-- Can run twice: a case that has a deadline keeps it.
UPDATE dq.quarantine
SET due_on = meta.add_working_days(first_seen_on, :working_days)
WHERE due_on IS NULL AND status <> 'resolved';

-- Purpose: leave nothing behind in a pooled session, so that the next load begins anew.
DROP TABLE enterprise_event;
DROP TABLE enterprise_concerned;

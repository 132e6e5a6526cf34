-- Purpose: one at a time drafts, decides on or numbers reports; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtext('dq.report'));

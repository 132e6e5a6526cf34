-- Purpose: one process at a time sends; the lock is the session's. Grain: one row.
SELECT pg_try_advisory_lock(7310120) AS is_ours;

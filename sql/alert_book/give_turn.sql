-- Purpose: let the next process send alerts. Can run twice: the second time there is nothing to give.
SELECT pg_advisory_unlock(7310120) AS was_ours;

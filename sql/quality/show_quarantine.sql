-- Purpose: one case of the quarantine with its whole history, masked. Grain: one row, or none. It only reads.
SELECT *
FROM dq.quarantine_masked
WHERE quarantine_id = :quarantine_id;

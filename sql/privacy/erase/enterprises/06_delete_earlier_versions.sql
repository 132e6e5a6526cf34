-- Purpose: the versions that a person's business once had leave the history. Can run twice: nothing is left
-- to go.
DELETE FROM dw_history.dim_enterprise
WHERE enterprise_ref = any(:refs);

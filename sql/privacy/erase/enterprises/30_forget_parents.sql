-- Purpose: what belonged to the person's business no longer says so. Can run twice: nothing is left to
-- change.
UPDATE dw.dim_enterprise
SET parent_ref = NULL
WHERE parent_ref = any(:refs);

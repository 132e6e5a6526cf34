-- Purpose: what belonged to the person's business did not say so before either. Can run twice: nothing is
-- left to change.
UPDATE dw_history.dim_enterprise
SET parent_ref = NULL
WHERE parent_ref = any(:refs);

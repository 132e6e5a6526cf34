-- Purpose: the person's business itself leaves the star. Can run twice: nothing is left to go.
DELETE FROM dw.dim_enterprise
WHERE enterprise_ref = any(:refs);

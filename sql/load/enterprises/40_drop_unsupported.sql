-- Purpose: a version that no event supports any more (its event was moved to another day) goes.
-- Can run twice: nothing is left to go.
DELETE FROM dw.dim_enterprise AS d
USING enterprise_concerned AS c
WHERE
    d.enterprise_ref = c.enterprise_ref
    AND NOT d.is_inferred
    AND NOT EXISTS (SELECT FROM dw.fact_enterprise_event AS f WHERE f.enterprise_key = d.enterprise_key);

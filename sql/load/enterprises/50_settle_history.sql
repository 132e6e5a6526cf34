-- Purpose: each version of an enterprise lasts until the day before the next one begins.
-- Also where an event came late and goes in between. Can run twice: only wrong ends are touched.
UPDATE dw.dim_enterprise AS t
SET valid_to = h.ends_on
FROM (
    SELECT
        d.enterprise_key,
        lead(d.valid_from) OVER (PARTITION BY d.enterprise_ref ORDER BY d.valid_from) - 1 AS ends_on
    FROM dw.dim_enterprise AS d
    INNER JOIN enterprise_concerned AS c ON d.enterprise_ref = c.enterprise_ref
) AS h
WHERE t.enterprise_key = h.enterprise_key AND t.valid_to IS DISTINCT FROM h.ends_on;

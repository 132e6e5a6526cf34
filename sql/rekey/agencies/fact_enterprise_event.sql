-- Purpose: fact_enterprise_event follows late news of its agency: each row points to the version that is
-- valid on its day, which is the day it took effect. Can run twice: what points there already is left
-- alone.
WITH moved AS (
    UPDATE dw.fact_enterprise_event AS t
    SET agency_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_enterprise AS d
    WHERE
        t.agency_key = m.from_key
        AND t.enterprise_key = d.enterprise_key
        AND d.valid_from BETWEEN m.valid_from AND m.valid_to
    RETURNING t.agency_key
)

SELECT count(*) AS rows_moved
FROM moved;

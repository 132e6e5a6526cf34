-- Purpose: dim_enterprise follows late news of its administrative unit: each row points to the version
-- that is valid on its day, which is the version's first day. Can run twice: what points there already is
-- left alone.
WITH moved AS (
    UPDATE dw.dim_enterprise AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    WHERE
        t.unit_key = m.from_key
        AND t.valid_from BETWEEN m.valid_from AND m.valid_to
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

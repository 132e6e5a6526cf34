-- Purpose: fact_digital_signature follows late news of its administrative unit: each row points to the
-- version that is valid on its day, which is the first day of the month. Can run twice: what points there
-- already is left alone.
WITH moved AS (
    UPDATE dw.fact_digital_signature AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.unit_key = m.from_key
        AND t.month_start_date_key = d.date_key
        AND d.calendar_date BETWEEN m.valid_from AND m.valid_to
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

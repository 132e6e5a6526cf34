-- Purpose: fact_health_record follows late news of its administrative unit: each row points to the
-- version that is valid on its day, which is that of the examination, else of the last change. Can run
-- twice: what points there already is left alone.
WITH moved AS (
    UPDATE dw.fact_health_record AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.unit_key = m.from_key
        AND t.examined_date_key = d.date_key
        AND coalesce(d.calendar_date, t.source_updated_at::date) BETWEEN m.valid_from AND m.valid_to
        AND t.examined_date_key <> -1
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

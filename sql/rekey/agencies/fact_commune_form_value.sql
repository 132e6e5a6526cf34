-- Purpose: fact_commune_form_value follows late news of its agency: each row points to the version that
-- is valid on its day, which is the first day of the period's last month. Can run twice: what points
-- there already is left alone.
WITH moved AS (
    UPDATE dw.fact_commune_form_value AS t
    SET agency_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.agency_key = m.from_key
        AND t.period_end_date_key = d.date_key
        AND date_trunc('month', d.calendar_date) BETWEEN m.valid_from AND m.valid_to
    RETURNING t.agency_key
)

SELECT count(*) AS rows_moved
FROM moved;

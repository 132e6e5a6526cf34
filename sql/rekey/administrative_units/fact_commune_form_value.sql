-- Purpose: fact_commune_form_value follows late news of its administrative unit: each row points to the
-- version that is valid on its day, which is the period's last day. Can run twice: what points there
-- already is left alone. A row whose place is taken stays, and the invariant keys_are_of_their_day names
-- it.
WITH moved AS (
    UPDATE dw.fact_commune_form_value AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.unit_key = m.from_key
        AND t.period_end_date_key = d.date_key
        AND d.calendar_date BETWEEN m.valid_from AND m.valid_to
        AND NOT EXISTS (
            SELECT FROM dw.fact_commune_form_value AS o
            WHERE
                o.unit_key = m.to_key -- noqa: RF01
                AND o.period_code = t.period_code
                AND o.line_key = t.line_key
                AND o.form_version = t.form_version
                AND o.submitted_at = t.submitted_at
        )
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

-- Purpose: fact_cashless_payment follows late news of its administrative unit: each row points to the
-- version that is valid on its day, which is the first day of the month. Can run twice: what points there
-- already is left alone. A row whose place is taken stays, and the invariant keys_are_of_their_day names
-- it.
WITH moved AS (
    UPDATE dw.fact_cashless_payment AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.unit_key = m.from_key
        AND t.month_start_date_key = d.date_key
        AND d.calendar_date BETWEEN m.valid_from AND m.valid_to
        AND NOT EXISTS (
            SELECT FROM dw.fact_cashless_payment AS o
            WHERE
                o.unit_key = m.to_key -- noqa: RF01
                AND o.period_code = t.period_code
                AND o.channel_code = t.channel_code
        )
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

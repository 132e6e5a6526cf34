-- Purpose: fact_disbursement follows late news of its project: each row points to the version that is
-- valid on its day, which is the day of the payment. Can run twice: what points there already is left
-- alone.
WITH moved AS (
    UPDATE dw.fact_disbursement AS t
    SET project_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.dim_date AS d
    WHERE
        t.project_key = m.from_key
        AND t.disbursed_date_key = d.date_key
        AND d.calendar_date BETWEEN m.valid_from AND m.valid_to
    RETURNING t.project_key
)

SELECT count(*) AS rows_moved
FROM moved;

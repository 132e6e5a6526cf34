-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.percent_done,
    t.status_code,
    t.note_vi,
    t.submitted_at
FROM compared AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.dim_plan_task AS k ON s.task_code = k.task_code
INNER JOIN dw.fact_plan_task_progress AS t
    ON
        k.task_key = t.task_key
        AND a.agency_key = t.agency_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')

-- Purpose: how many accepted reports are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_plan_task AS k ON s.task_code = k.task_code
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.fact_plan_task_progress AS t
    ON
        k.task_key = t.task_key
        AND a.agency_key = t.agency_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')
        AND s.submitted_at <= t.submitted_at;

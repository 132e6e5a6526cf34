-- Purpose: the plan itself gives each task its first status: assigned, on the plan's date, to its lead.
-- Grain: task, day, status. Can run twice: an assigned task is not assigned again. The lead is the version of
-- that date; a plan without a date has the lead of today.
INSERT INTO dw.fact_task_status (
    task_key, status_date_key, status_code, due_date_key, agency_key, batch_key
)
SELECT
    t.task_key,
    dw.date_key(s.source_date, -1),
    'assigned',
    dw.date_key(s.deadline_date, -2),
    coalesce(a.agency_key, -1),
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_plan_task AS t ON s.task_code = t.task_code
LEFT JOIN
    dw.dim_agency AS a
    ON
        split_part(s.lead_agency_codes, ';', 1) = a.agency_code
        AND coalesce(s.source_date, 'infinity') BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
ORDER BY s.task_code
ON CONFLICT (task_key, status_date_key, status_code) DO NOTHING;

-- Purpose: the plan tasks whose deadline is over on :as_of and that nobody has reported as done.
-- Grain: one row per task, with its plan and province. Can run twice: it only reads.
SELECT
    task_code,
    task_name,
    lead_agency_raw,
    deadline_date,
    plan_code,
    province_code,
    source_document
FROM mart.plan_task
WHERE deadline_date < :as_of AND status_code NOT IN ('completed', 'cancelled')
ORDER BY plan_code, deadline_date, task_code;

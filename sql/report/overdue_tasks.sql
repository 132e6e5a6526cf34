-- Purpose: the plan tasks whose deadline is over on :as_of and that nobody has reported as done; one
-- that has left its plan is nobody's. Grain: one row per task, with its plan and province. Can run twice: it
-- only reads.
SELECT
    task_code,
    task_name,
    lead_agency_raw,
    deadline_date,
    plan_code,
    province_code,
    source_document
FROM mart.plan_task
WHERE
    deadline_date < :as_of AND status_code NOT IN ('completed', 'cancelled')
    AND retired_on IS NULL
ORDER BY plan_code, deadline_date, task_code;

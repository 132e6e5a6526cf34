-- Purpose: how many tasks of each plan there are, are done, are past their deadline on the night of :as_of.
-- A task that has left its plan is not counted. Grain: one row per plan and province. Can run twice: it only
-- reads.
SELECT
    coalesce(plan_code, '') AS plan_code,
    coalesce(province_code, '') AS province_code,
    count(*) AS tasks,
    count(*) FILTER (WHERE status_code = 'completed') AS done,
    count(*) FILTER (WHERE deadline_date < :as_of AND status_code NOT IN ('completed', 'cancelled')) AS late
FROM mart.plan_task
WHERE retired_on IS NULL
GROUP BY plan_code, province_code
ORDER BY plan_code, province_code;

-- Purpose: Nhiệm vụ nào quá hạn, cơ quan nào chủ trì?
-- Reads the mart only; it can run twice.
SELECT
    t.task_code,
    t.task_name,
    t.lead_agency,
    t.deadline_date,
    t.percent_done,
    t.last_period_code
FROM mart.task_state AS t
WHERE t.is_overdue
ORDER BY t.deadline_date, t.task_code;

-- Purpose: how many accepted rows are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_plan_task AS t ON s.task_code = t.task_code;

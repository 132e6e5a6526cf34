-- Purpose: how many accepted rows are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_investment_project AS t ON s.project_code = t.project_code AND t.is_current;

-- Purpose: how many accepted rows are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_procedure AS t ON s.procedure_code = t.procedure_code;

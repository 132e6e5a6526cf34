-- Purpose: how many accepted rows are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_commune_form_line AS t ON s.line_code = t.line_code;

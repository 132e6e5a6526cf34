-- Purpose: how many accepted units are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN
    dw.dim_administrative_unit AS t
    ON s.unit_code = t.unit_code AND s.valid_from = t.valid_from;

-- Purpose: how many accepted rows are in the dimension.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_agency AS t ON s.agency_code = t.agency_code AND t.is_current;

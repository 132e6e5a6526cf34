-- Purpose: how many accepted targets are in the fact.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_indicator_target AS t ON s.target_code = t.target_code;

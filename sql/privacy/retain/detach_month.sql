-- Purpose: a month leaves its fact for dw_detached. Can run twice: a month that is not there is left alone.
SELECT dw.detach_month(m.fact, m.first_day) AS kept_as
FROM meta.fact_month AS m
WHERE m.name = :month;

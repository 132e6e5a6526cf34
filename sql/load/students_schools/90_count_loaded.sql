-- Purpose: how many accepted rows are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_school_month AS t
    ON
        s.school_code = t.school_code
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')
        AND s.updated_at <= t.source_updated_at;

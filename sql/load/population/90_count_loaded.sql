-- Purpose: how many accepted rows are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_population AS t
    ON
        u.unit_key = t.unit_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')
        AND s.updated_at <= t.source_updated_at;

-- Purpose: how many accepted rows are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.fact_digital_signature AS t
    ON
        a.agency_key = t.agency_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')
        AND s.updated_at <= t.source_updated_at;

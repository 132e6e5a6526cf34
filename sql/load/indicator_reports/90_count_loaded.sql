-- Purpose: how many accepted values are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND date_trunc('month', s.period_end_date) BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.dim_indicator AS i ON s.indicator_code = i.indicator_code
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_end_date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_indicator_value AS t
    ON
        a.agency_key = t.agency_key
        AND i.indicator_key = t.indicator_key
        AND u.unit_key = t.unit_key
        AND s.period_code = t.period_code
        AND s.revision_number = t.revision_number
        AND s.submitted_at <= t.submitted_at;

-- Purpose: how many accepted values are now in the star, as the form that was sent has them.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_commune_form_line AS l ON s.line_code = l.line_code
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_end_date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_commune_form_value AS t
    ON
        u.unit_key = t.unit_key
        AND l.line_key = t.line_key
        AND s.period_code = t.period_code
        AND s.form_version = t.form_version
        AND s.submitted_at = t.submitted_at;

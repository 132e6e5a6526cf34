-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.month_value,
    t.month_missing_reason,
    t.year_value,
    t.year_missing_reason,
    t.plan_value,
    t.plan_missing_reason,
    t.source_file
FROM compared AS s
INNER JOIN dw.dim_commune_form_line AS l ON s.line_code = l.line_code
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_end_date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_commune_form_value AS t
    ON
        u.unit_key = t.unit_key
        AND s.period_code = t.period_code
        AND l.line_key = t.line_key
        AND s.form_version = t.form_version
        AND s.submitted_at = t.submitted_at

-- Purpose: number the forms of each commune, month and line; the last one is current.
-- Can run twice: only rows whose number or mark is wrong are touched.
UPDATE dw.fact_commune_form_value AS t
SET revision_number = r.revision_number, is_current = r.is_last
FROM (
    SELECT
        unit_key,
        period_code,
        line_key,
        form_version,
        submitted_at,
        row_number() OVER form - 1 AS revision_number,
        lead(1) OVER form IS NULL AS is_last
    FROM dw.fact_commune_form_value
    WINDOW form AS (
        PARTITION BY unit_key, period_code, line_key
        ORDER BY form_version, submitted_at
    )
) AS r
WHERE
    t.unit_key = r.unit_key
    AND t.period_code = r.period_code
    AND t.line_key = r.line_key
    AND t.form_version = r.form_version
    AND t.submitted_at = r.submitted_at
    AND (t.revision_number, t.is_current) IS DISTINCT FROM (r.revision_number, r.is_last);

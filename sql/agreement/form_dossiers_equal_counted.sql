-- Purpose: the dossiers that a commune's form says were received and those that were counted. Grain: month
-- and commune. Only months of which every day's dossiers were asked for. Can run twice: it only reads.
WITH since AS (
    SELECT min(window_from)::date AS day
    FROM meta.batch
    WHERE dataset = 'public_service_dossiers' AND status = 'loaded'
),

counted AS (
    SELECT
        f.agency_key,
        to_char(f.received_at, 'YYYY"-M"MM') AS period_code,
        count(*)::numeric AS dossiers
    FROM dw.fact_dossier AS f
    CROSS JOIN since AS s
    WHERE f.received_at >= s.day
    GROUP BY f.agency_key, to_char(f.received_at, 'YYYY"-M"MM')
)

SELECT
    a.agency_code,
    v.period_code,
    u.unit_code AS subject,
    v.month_value AS said,
    c.dossiers AS other
FROM dw.fact_commune_form_value AS v
INNER JOIN dw.dim_commune_form_line AS l ON v.line_key = l.line_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
INNER JOIN counted AS c ON v.agency_key = c.agency_key AND v.period_code = c.period_code
CROSS JOIN since AS s
WHERE
    v.is_current AND l.line_code = 'HC01' AND v.month_value IS NOT NULL
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') >= s.day

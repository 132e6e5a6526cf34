-- Purpose: the dossiers that a commune's form says were received and those that were counted, none included.
-- Grain: month and commune; an agency's versions count together. Only months of which every day's dossiers
-- were asked for. Can run twice: it only reads.
WITH known AS (
    SELECT
        min(window_from)::date AS since,
        max(window_to)::date AS until
    FROM meta.batch
    WHERE dataset = 'public_service_dossiers' AND status = 'loaded'
),

counted AS (
    SELECT
        a.agency_code,
        to_char(f.received_at, 'YYYY"-M"MM') AS period_code,
        count(*)::numeric AS dossiers
    FROM dw.fact_dossier AS f
    INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
    CROSS JOIN known AS k
    WHERE f.received_at >= k.since
    GROUP BY a.agency_code, to_char(f.received_at, 'YYYY"-M"MM')
)

SELECT
    a.agency_code,
    v.period_code,
    u.unit_code AS subject,
    v.month_value AS said,
    coalesce(c.dossiers, 0) AS other
FROM dw.fact_commune_form_value AS v
INNER JOIN dw.dim_commune_form_line AS l ON v.line_key = l.line_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
CROSS JOIN known AS k
LEFT JOIN counted AS c ON a.agency_code = c.agency_code AND v.period_code = c.period_code
WHERE
    v.is_current AND l.line_code = 'HC01' AND v.month_value IS NOT NULL
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') >= k.since
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') + interval '1 month' <= k.until

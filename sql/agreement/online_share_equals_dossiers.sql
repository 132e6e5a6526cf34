-- Purpose: the share of online dossiers that a commune reports (KH1534-07.1) and the one of its dossiers.
-- Grain: agency and month. Only months of which every day's dossiers were asked for. Can run twice: it only
-- reads.
WITH since AS (
    SELECT min(window_from)::date AS day
    FROM meta.batch
    WHERE dataset = 'public_service_dossiers' AND status = 'loaded'
),

counted AS (
    SELECT
        f.agency_key,
        to_char(f.received_at, 'YYYY"-M"MM') AS period_code,
        round(100.0 * count(*) FILTER (WHERE f.channel_code = '2') / count(*), 2) AS online_percent
    FROM dw.fact_dossier AS f
    CROSS JOIN since AS s
    WHERE f.received_at >= s.day
    GROUP BY f.agency_key, to_char(f.received_at, 'YYYY"-M"MM')
)

SELECT
    a.agency_code,
    v.period_code,
    i.indicator_code AS subject,
    v.indicator_value AS said,
    c.online_percent AS other
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN counted AS c ON v.agency_key = c.agency_key AND v.period_code = c.period_code
CROSS JOIN since AS s
WHERE
    v.is_current AND i.indicator_code = 'KH1534-07.1'
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') >= s.day

-- Purpose: the share of online dossiers that a commune reports (KH1534-07.1) and the one of its dossiers; of
-- none it is 0. Grain: agency and month; an agency's versions count together. Only months of which every
-- day's dossiers were asked for. Can run twice: it only reads.
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
        round(100.0 * count(*) FILTER (WHERE f.channel_code = '2') / count(*), 2) AS online_percent
    FROM dw.fact_dossier AS f
    INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
    CROSS JOIN known AS k
    WHERE f.received_at >= k.since
    GROUP BY a.agency_code, to_char(f.received_at, 'YYYY"-M"MM')
)

SELECT
    a.agency_code,
    v.period_code,
    i.indicator_code AS subject,
    v.indicator_value AS said,
    coalesce(c.online_percent, 0) AS other
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
CROSS JOIN known AS k
LEFT JOIN counted AS c ON a.agency_code = c.agency_code AND v.period_code = c.period_code
WHERE
    v.is_current AND i.indicator_code = 'KH1534-07.1'
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') >= k.since
    AND to_date(replace(v.period_code, 'M', ''), 'YYYY-MM') + interval '1 month' <= k.until

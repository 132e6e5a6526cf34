-- Purpose: who reported which month, who has not. Grain: dataset, agency, period.
-- An agency that reported any indicator before is expected to report every month since; monthly figures
-- are due by the 3rd of the next month. Can run twice: only news is written.
INSERT INTO dq.submission AS t (dataset, agency_code, period_code, due_on, first_submitted_at)
WITH reported AS (
    SELECT
        a.agency_code,
        v.period_code,
        min(v.submitted_at) AS first_submitted_at
    FROM dw.fact_indicator_value AS v
    INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
    WHERE v.period_code LIKE '____-M__'
    GROUP BY a.agency_code, v.period_code
),

expected AS (
    SELECT
        r.agency_code,
        m.month_start::date AS month_start
    FROM (
        SELECT
            agency_code,
            min(to_date(replace(period_code, 'M', ''), 'YYYY-MM')) AS since
        FROM reported
        GROUP BY agency_code
    ) AS r
    CROSS JOIN LATERAL generate_series(
        r.since::timestamp,
        date_trunc('month', cast(:as_of AS timestamp)) - interval '1 month',
        interval '1 month'
    ) AS m (month_start)
)

SELECT
    'indicator_reports',
    e.agency_code,
    to_char(e.month_start, 'YYYY"-M"MM') AS period_code,
    (e.month_start + interval '1 month' + interval '2 days')::date AS due_on,
    r.first_submitted_at
FROM expected AS e
LEFT JOIN reported AS r
    ON e.agency_code = r.agency_code AND r.period_code = to_char(e.month_start, 'YYYY"-M"MM')
ON CONFLICT (dataset, agency_code, period_code) DO UPDATE
    SET first_submitted_at = excluded.first_submitted_at
    WHERE t.first_submitted_at IS DISTINCT FROM excluded.first_submitted_at;

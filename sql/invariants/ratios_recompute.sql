-- Purpose: the ratios that marts show are those of the numerators and denominators beside them, and those are
-- the ones that the facts have. Grain: row of a mart. It only reads.
WITH f AS (
    SELECT
        i.indicator_code,
        a.agency_code,
        v.period_code,
        sum(v.numerator) AS top,
        sum(v.denominator) AS bottom
    FROM dw.fact_indicator_value AS v
    INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
    INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
    WHERE v.is_current AND v.numerator IS NOT NULL AND v.denominator IS NOT NULL
    GROUP BY i.indicator_code, a.agency_code, v.period_code
),

problem AS (
    SELECT
        k.source_fact AS relation,
        concat_ws(' ', r.ratio_code, r.breakdown, r.period_code, r.unit_code) AS subject,
        format('shows %s of %s ÷ %s', r.ratio, r.numerator, r.denominator) AS problem
    FROM mart.unit_ratio_as_is AS r
    INNER JOIN dw.dim_unit_ratio AS d ON r.ratio_code = d.ratio_code
    INNER JOIN dw.dim_measure AS k ON d.denominator_measure = k.measure_code
    WHERE
        r.ratio IS DISTINCT FROM
        CASE WHEN r.denominator <> 0 THEN round(d.multiplier * r.numerator / r.denominator, 2) END
    UNION ALL
    SELECT
        'fact_indicator_value',
        concat_ws(' ', m.breakdown, m.agency_code, m.period_code),
        format('%s ÷ %s by commune, %s ÷ %s in the fact', m.top, m.bottom, f.top, f.bottom)
    FROM (
        SELECT
            breakdown,
            agency_code,
            period_code,
            sum(numerator) AS top,
            sum(denominator) AS bottom
        FROM mart.unit_ratio_as_is
        WHERE ratio_code = 'indicator.percent'
        GROUP BY breakdown, agency_code, period_code
    ) AS m
    FULL JOIN f
        ON m.breakdown = f.indicator_code AND m.agency_code = f.agency_code AND m.period_code = f.period_code
    WHERE (m.top, m.bottom) IS DISTINCT FROM (f.top, f.bottom)
    UNION ALL
    SELECT
        'fact_cashless_payment',
        concat_ws(' ', c.commune_code, c.period_code),
        format('shows %s %% of %s ÷ %s', c.share_percent, c.transaction_count, c.total_count)
    FROM mart.cashless_payment AS c
    WHERE
        c.share_percent IS DISTINCT FROM
        CASE WHEN c.total_count <> 0 THEN round(100.0 * c.transaction_count / c.total_count, 2) END
)

SELECT
    p.*,
    count(*) OVER () AS broken
FROM problem AS p
ORDER BY p.relation, p.subject
LIMIT 20;

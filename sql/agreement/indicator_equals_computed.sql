-- Purpose: a reported indicator of a commune and the one that the facts give, for whole months; a commune's
-- versions count together. Grain: agency, month, indicator and commune. KH1534-07.1 has a pair of its own.
-- Can run twice: it only reads.
WITH computed AS (
    SELECT
        m.indicator_key,
        m.indicator_code,
        u.unit_code,
        m.period_code,
        round(k.multiplier * sum(m.computed_numerator) / sum(m.computed_denominator), 4) AS computed_value
    FROM mart.indicator_month AS m
    INNER JOIN meta.indicator_method AS k ON m.indicator_code = k.indicator_code
    INNER JOIN dw.dim_administrative_unit AS u ON m.scope_key = u.unit_key
    WHERE
        m.scope_type = 'commune' AND m.is_computed_whole AND m.computed_value IS NOT NULL
        AND m.indicator_code <> 'KH1534-07.1'
    GROUP BY m.indicator_key, m.indicator_code, u.unit_code, m.period_code, k.multiplier
)

SELECT
    a.agency_code,
    v.period_code,
    c.indicator_code || ' ' || c.unit_code AS subject,
    v.indicator_value AS said,
    c.computed_value AS other
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
INNER JOIN computed AS c
    ON v.indicator_key = c.indicator_key AND u.unit_code = c.unit_code AND v.period_code = c.period_code
WHERE v.is_current

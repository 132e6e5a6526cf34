-- Purpose: each plan's targets beside the last value that was reported for them until the night of :as_of. A
-- value of the whole is only made where numerators and denominators were reported: values of communes are not
-- averaged. Grain: one row per indicator, year and document. Can run twice: it only reads.
WITH periods AS (
    SELECT
        indicator_code,
        period_code,
        100 * sum(numerator) / nullif(sum(denominator), 0) AS value,
        row_number() OVER (PARTITION BY indicator_code ORDER BY period_code DESC) AS recency
    FROM mart.indicator_value
    WHERE submitted_at < cast(:as_of AS date) + 1 AND numerator IS NOT NULL AND denominator > 0
    GROUP BY indicator_code, period_code
),

shown AS (
    SELECT
        t.indicator_code,
        t.indicator_name,
        i.lead_agency_raw,
        t.target_year,
        t.target_raw,
        t.comparator,
        t.target_low,
        t.target_high,
        t.plan_code,
        t.province_code,
        p.period_code,
        round(p.value, 2) AS value
    FROM mart.indicator_target AS t
    INNER JOIN dw.dim_indicator AS i ON t.indicator_code = i.indicator_code
    LEFT JOIN periods AS p
        ON t.indicator_code = p.indicator_code AND p.recency = 1 AND t.unit_code = 'percent'
)

SELECT
    indicator_code,
    indicator_name,
    lead_agency_raw,
    target_year,
    target_raw,
    plan_code,
    province_code,
    period_code,
    value,
    CASE
        WHEN target_low IS NULL AND target_high IS NULL THEN 'prose'
        WHEN value IS NULL THEN 'not_reported'
        WHEN comparator = '>' AND value <= target_low THEN 'not_met'
        WHEN comparator = '<=' AND value > target_high THEN 'not_met'
        WHEN value < target_low THEN 'not_met'
        ELSE 'met'
    END AS state
FROM shown
ORDER BY plan_code, province_code, indicator_code, target_year;

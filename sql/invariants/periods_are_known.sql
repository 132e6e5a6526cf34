-- Purpose: every period that a fact is reported for is in the dimension of periods, so that it has a first
-- and a last day. Grain: fact and period. It only reads.
WITH used AS (
    SELECT
        'fact_indicator_value' AS relation,
        period_code
    FROM dw.fact_indicator_value
    UNION
    SELECT
        'fact_commune_form_value',
        period_code
    FROM dw.fact_commune_form_value
    UNION
    SELECT
        'fact_population',
        period_code
    FROM dw.fact_population
    UNION
    SELECT
        'fact_school_month',
        period_code
    FROM dw.fact_school_month
    UNION
    SELECT
        'fact_cashless_payment',
        period_code
    FROM dw.fact_cashless_payment
    UNION
    SELECT
        'fact_digital_signature',
        period_code
    FROM dw.fact_digital_signature
    UNION
    SELECT
        'fact_plan_task_progress',
        period_code
    FROM dw.fact_plan_task_progress
)

SELECT
    u.relation,
    u.period_code AS subject,
    'is no month, quarter, half or year that dw.dim_period has' AS problem,
    count(*) OVER () AS broken
FROM used AS u
WHERE NOT EXISTS (SELECT FROM dw.dim_period AS p WHERE p.period_code = u.period_code)
ORDER BY u.relation, u.period_code
LIMIT 20;

-- Purpose: each plan's targets beside the last value of the province, its verdict and its forecast.
-- Grain: one row per indicator, year and document. Can run twice: it only reads.
SELECT
    indicator_code,
    indicator_name,
    lead_agency,
    target_year,
    target_text,
    plan_code,
    plan_province_code,
    to_char(value_month, 'YYYY"-M"MM') AS period_code,
    round(value, 2) AS value,
    status,
    forecast_status,
    forecast_value
FROM mart.indicator_progress
ORDER BY plan_code, plan_province_code, indicator_code, target_year, target_code;

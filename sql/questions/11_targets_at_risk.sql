-- Purpose: Chỉ tiêu nào chưa đạt và dự báo không đạt mục tiêu?
-- Reads the mart only; it can run twice.
SELECT
    p.plan_code,
    p.indicator_code,
    p.indicator_name,
    p.target_year,
    p.target_text,
    p.value,
    p.gap,
    p.forecast_value,
    p.forecast_note_vi
FROM mart.indicator_progress AS p
WHERE p.status = 'not_reached' AND p.forecast_status IN ('off_track', 'no_forecast')
ORDER BY p.target_year, p.indicator_code;

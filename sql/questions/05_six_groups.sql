-- Purpose: Sáu nhóm chỉ số theo Quyết định 766 của tỉnh trong tháng được bao nhiêu điểm, đo được đến đâu?
-- Reads the mart only; it can run twice.
SELECT
    g.group_number,
    g.group_title,
    g.points,
    g.measured_maximum,
    g.maximum,
    g.coverage_percent,
    g.not_applicable_vi
FROM mart.service_index_group AS g
WHERE g.scope_type = 'province' AND g.period_type = 'month' AND g.period_start = :month
ORDER BY g.group_number;

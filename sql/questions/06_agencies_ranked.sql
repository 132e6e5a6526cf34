-- Purpose: Các cơ quan xếp hạng thế nào theo Quyết định 766 trong quý?
-- Reads the mart only; it can run twice.
SELECT
    i.scope_code AS agency_code,
    i.scope_name AS agency_name,
    i.points,
    i.measured_maximum,
    i.percent_of_measured,
    rank() OVER (ORDER BY i.percent_of_measured DESC NULLS LAST) AS place
FROM mart.service_index AS i
WHERE
    i.scope_type = 'agency' AND i.period_type = 'quarter'
    AND i.period_start = date_trunc('quarter', cast(:month AS timestamp))::date
ORDER BY place ASC, i.scope_code ASC;

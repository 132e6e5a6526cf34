-- Purpose: the calendar of obligations as the night of :as_of saw it, and what is known of the source.
-- Grain: dataset, agency, period. Can run twice: it only reads.
SELECT
    s.dataset,
    s.agency_code,
    coalesce(a.short_name, a.name_vi, '') AS agency_name,
    s.period_code,
    s.due_on,
    s.last_day,
    s.state,
    s.first_submitted_at,
    s.row_count,
    s.zero_count,
    s.expected_units,
    s.reported_units,
    s.exempt_reason,
    s.late_days,
    count(*) OVER () AS total
FROM dq.submission_on(:as_of) AS s
LEFT JOIN dw.dim_agency AS a ON s.agency_code = a.agency_code AND a.is_current
WHERE
    s.dataset = coalesce(cast(:dataset AS text), s.dataset)
    AND s.agency_code = coalesce(cast(:agency AS text), s.agency_code)
    AND s.period_code = coalesce(cast(:period AS text), s.period_code)
    AND s.state = coalesce(cast(:state AS text), s.state)
ORDER BY s.due_on DESC, s.dataset ASC, s.agency_code ASC
LIMIT :most;

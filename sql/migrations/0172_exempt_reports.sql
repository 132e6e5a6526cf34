-- Purpose: an exemption excuses what did not come, or came late; a report that came in time is a report.
CREATE OR REPLACE FUNCTION dq.submission_on(as_of date)
RETURNS TABLE (
    dataset text, agency_code text, period_code text, due_on date, last_day date, state text,
    first_submitted_at timestamp, row_count bigint, zero_count bigint,
    expected_units bigint, reported_units bigint, exempt_reason text, late_days integer
)
LANGUAGE sql STABLE
AS $$
    SELECT
        s.dataset, s.agency_code, s.period_code, s.due_on, t.last_day,
        CASE
            WHEN t.sent AND s.first_submitted_at < t.last_day + 1 THEN 'in_time'
            -- Of a last change: late only if we looked after the last day and it was not there.
            WHEN t.sent AND NOT s.is_exact AND NOT EXISTS (
                SELECT FROM meta.night AS n
                WHERE
                    n.dataset = s.dataset AND n.outcome IN ('loaded', 'unchanged')
                    AND n.as_of > t.last_day AND n.as_of < s.first_seen_on
            ) THEN 'in_time'
            WHEN s.exempt_reason IS NOT NULL THEN 'exempt'
            WHEN t.sent THEN 'late'
            WHEN $1 <= t.last_day THEN 'not_due'
            WHEN s.unusable_since <= $1 THEN 'unusable'
            WHEN looked.last_on > t.last_day THEN 'not_reported'
            ELSE 'unknown'
        END,
        CASE WHEN t.sent THEN s.first_submitted_at END,
        s.row_count, s.zero_count, s.expected_units, s.reported_units, s.exempt_reason,
        CASE WHEN t.sent THEN greatest(0, s.first_submitted_at::date - t.last_day)
            ELSE greatest(0, $1 - 1 - t.last_day) END
    FROM dq.submission AS s
    CROSS JOIN LATERAL (
        SELECT
            coalesce(s.last_day, s.due_on) AS last_day,
            coalesce(s.first_submitted_at < $1 AND coalesce(s.first_seen_on, $1) <= $1, FALSE) AS sent
    ) AS t
    LEFT JOIN (
        SELECT n.dataset, max(n.as_of) AS last_on
        FROM meta.night AS n
        WHERE n.as_of <= $1 AND n.outcome IN ('loaded', 'unchanged')
        GROUP BY n.dataset
    ) AS looked ON s.dataset = looked.dataset
    WHERE s.due_on <= $1 OR t.sent
$$;
COMMENT ON FUNCTION dq.submission_on(date) IS
'States: in_time, late, not_reported (the source was read after the last day), unusable (sent, but nothing
of use), unknown (we could not look), not_due, exempt (need not report, and did not in time). late_days are
calendar days past the last day.';

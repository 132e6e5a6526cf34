-- Purpose: who has to report what by when, and the evidence of all eight principles, day by day.
ALTER TABLE dq.submission
ADD COLUMN last_day date,
ADD COLUMN first_seen_on date,
ADD COLUMN is_exact boolean NOT NULL DEFAULT TRUE,
ADD COLUMN unusable_since date,
ADD COLUMN row_count bigint NOT NULL DEFAULT 0,
ADD COLUMN zero_count bigint NOT NULL DEFAULT 0,
ADD COLUMN expected_units bigint,
ADD COLUMN reported_units bigint,
ADD COLUMN exempt_reason text;
COMMENT ON TABLE dq.submission IS
'Grain: one row per dataset, agency and period that the calendar of obligations asks for.';
COMMENT ON COLUMN dq.submission.due_on IS 'The day the report is due: a working day.';
COMMENT ON COLUMN dq.submission.last_day IS 'The last day on which it is still in time: due day and grace.';
COMMENT ON COLUMN dq.submission.first_submitted_at IS 'When its first usable row was sent; NULL: none was.';
COMMENT ON COLUMN dq.submission.first_seen_on IS 'The night that first saw a usable row.';
COMMENT ON COLUMN dq.submission.is_exact IS
'Whether the time is that of the first sending; else it is the last change of the rows, which may be later.';
COMMENT ON COLUMN dq.submission.unusable_since IS
'Something was sent, but none of it could be used: in the quarantine, or a refused file, since that night.';
COMMENT ON COLUMN dq.submission.row_count IS 'Usable rows; zero_count of them report nothing but zeros.';
COMMENT ON COLUMN dq.submission.expected_units IS 'Communes it must speak of; NULL where that is not asked.';

-- What a submission is on a given night. A night reads what was sent before its day began, so nobody is
-- said to be silent before a night after the last day has read the source.
CREATE FUNCTION dq.submission_on(as_of date)
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
            WHEN s.exempt_reason IS NOT NULL THEN 'exempt'
            WHEN t.sent AND s.first_submitted_at < t.last_day + 1 THEN 'in_time'
            -- Of a last change: late only if we looked after the last day and it was not there.
            WHEN t.sent AND NOT s.is_exact AND NOT EXISTS (
                SELECT FROM meta.night AS n
                WHERE
                    n.dataset = s.dataset AND n.outcome IN ('loaded', 'unchanged')
                    AND n.as_of > t.last_day AND n.as_of < s.first_seen_on
            ) THEN 'in_time'
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
of use), unknown (we could not look), not_due, exempt. late_days are calendar days past the last day.';

CREATE TABLE dq.evidence (
    as_of date NOT NULL,
    dataset text NOT NULL,
    agency_code text NOT NULL,
    rule_id text NOT NULL,
    principle text NOT NULL REFERENCES dq.principle (principle),
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    fault text NOT NULL CHECK (fault IN (
        'none', 'source_late', 'gateway_down', 'authentication', 'contract_breach', 'data_defect', 'own_fault'
    )),
    evaluated bigint NOT NULL CHECK (evaluated > 0),
    failed bigint NOT NULL CHECK (failed BETWEEN 0 AND evaluated),
    PRIMARY KEY (as_of, dataset, rule_id, agency_code, fault),
    CHECK ((failed = 0) = (fault = 'none')),
    CHECK (agency_code = '' OR fault IN ('none', 'source_late', 'data_defect'))
);
COMMENT ON TABLE dq.evidence IS
'Grain: day, dataset, rule, agency and whose fault it is: what was measured besides the suites'' rules.
An agency answers for lateness and for its data, never for the platform: the table refuses anything else.';

ALTER TABLE dq.rule_result ADD COLUMN fault text NOT NULL DEFAULT 'data_defect';
COMMENT ON COLUMN dq.rule_result.fault IS 'A row that breaks a rule is a defect of the data.';

ALTER TABLE dq.score
ADD COLUMN judged_on date,
ADD COLUMN faults jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN dq.score.judged_on IS
'The night whose batch of rows was judged; NULL: no rows, only measurements.';
COMMENT ON COLUMN dq.score.faults IS 'How many of the failures are whose fault.';

-- The newest change of a source, night by night: meta.freshness knows only the last.
CREATE TABLE dq.newest (
    dataset text NOT NULL,
    as_of date NOT NULL,
    newest timestamp NOT NULL,
    PRIMARY KEY (dataset, as_of)
);
COMMENT ON TABLE dq.newest IS
'Grain: dataset and night that loaded; the newest change that was in its batch or before.';

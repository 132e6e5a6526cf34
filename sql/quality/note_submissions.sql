-- Purpose: the calendar of obligations of one dataset, and what came of it. Grain: agency and period.
-- Inputs: the temporary table `reported` (sql/submission/<dataset>.sql), the periods, who must report.
-- A period counts if the source was read for the time in which its reports were sent: it ends after the first
-- day that was ever asked for, and somebody's oldest report is not younger than it.
-- Nothing is asked of an agency for a period that was over before it began (dw.agency_begins_on), unless it
-- has reported for such a time; what was asked of it by mistake goes. The period in which it began it need
-- not report: that excuses, and hides no report. Who takes over the tasks of a dissolved agency is asked for
-- what is due from that day on; what was due before was the other's, and goes if the successor was asked.
-- Can run twice: only news is written; the night that first saw a report stays the first.
DELETE FROM dq.submission AS t
USING unnest(cast(:codes AS text[]), cast(:lasts AS date[])) AS p (period_code, last)
WHERE
    t.dataset = :dataset AND t.period_code = p.period_code AND t.first_submitted_at IS NULL
    AND p.last < dw.agency_begins_on(t.agency_code)
    AND NOT EXISTS (
        SELECT FROM reported AS r
        WHERE r.agency_code = t.agency_code AND r.period_code <= t.period_code
    );

-- Who is asked, for periods from `since` on that begin on `from_day` or later and are due on `due_from` or
-- later. NOT is_open: was asked, until the task was done.
DROP TABLE IF EXISTS pg_temp.asked;
CREATE TEMP TABLE asked ON COMMIT DROP AS
SELECT
    a.agency_code,
    a.retired_on,
    '' AS since,
    '-infinity'::date AS from_day,
    '-infinity'::date AS due_from,
    TRUE AS is_open
FROM dw.dim_agency AS a
WHERE
    a.is_current AND NOT a.is_inferred
    AND (a.agency_type = any(cast(:types AS text[])) OR a.agency_code = any(cast(:agencies AS text[])))
UNION ALL
SELECT
    r.agency_code,
    a.retired_on,
    min(r.period_code) AS since,
    '-infinity',
    '-infinity',
    TRUE
FROM reported AS r
LEFT JOIN dw.dim_agency AS a ON r.agency_code = a.agency_code AND a.is_current
WHERE :reported_before
GROUP BY r.agency_code, a.retired_on
UNION ALL
-- Who leads a task that is open, from the first whole period after it was assigned; or its successor.
SELECT
    l.answers_code,
    NULL,
    '' AS since,
    coalesce(min(l.calendar_date), '-infinity'),
    coalesce(l.answers_from, '-infinity'),
    l.is_open
FROM (
    SELECT
        n.answers_code,
        n.answers_from,
        d.calendar_date,
        t.retired_on IS NULL
        AND NOT EXISTS (
            SELECT FROM dw.fact_task_status AS s
            WHERE s.task_key = t.task_key AND s.status_code IN ('completed', 'cancelled')
        )
        AND NOT EXISTS (
            SELECT FROM dw.fact_plan_task_progress AS v
            WHERE v.task_key = t.task_key AND v.status_code = 'HT'
        ) AS is_open
    FROM dw.dim_plan_task AS t
    INNER JOIN dw.fact_task_status AS f ON t.task_key = f.task_key AND f.status_code = 'assigned'
    INNER JOIN dw.dim_date AS d ON f.status_date_key = d.date_key
    INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
    INNER JOIN dw.agencies_answering(:as_of) AS n ON a.agency_code = n.agency_code
    WHERE :leads_task AND n.answers_code IS NOT NULL
) AS l
GROUP BY l.answers_code, l.answers_from, l.is_open;

DELETE FROM dq.submission AS t
USING unnest(cast(:codes AS text[]), cast(:firsts AS date[])) AS p (period_code, first)
WHERE
    t.dataset = :dataset AND t.period_code = p.period_code AND t.first_submitted_at IS NULL
    AND EXISTS (SELECT FROM asked AS s WHERE s.agency_code = t.agency_code AND s.due_from > t.due_on)
    AND NOT EXISTS (
        SELECT FROM asked AS s
        WHERE
            s.agency_code = t.agency_code AND s.since <= t.period_code
            AND s.from_day <= p.first AND s.due_from <= t.due_on
    );

INSERT INTO dq.submission AS t (
    dataset, agency_code, period_code, due_on, last_day, first_submitted_at, first_seen_on, is_exact,
    unusable_since, row_count, zero_count, expected_units, reported_units, exempt_reason
)
WITH period AS (
    SELECT u.*
    FROM
        unnest(
            cast(:codes AS text[]), cast(:firsts AS date[]), cast(:lasts AS date[]), cast(:due AS date[]),
            cast(:last_days AS date[])
        ) AS u (period_code, first, last, due_on, last_day)
    WHERE
        u.last >= (
            SELECT coalesce(min(b.window_from)::date, '-infinity')
            FROM meta.batch AS b
            WHERE b.dataset = :dataset AND b.status = 'loaded'
        )
        AND u.period_code >= (SELECT min(r.period_code) FROM reported AS r)
),

agency AS (
    SELECT
        a.agency_code,
        max(a.retired_on) AS retired_on,
        coalesce(dw.agency_begins_on(a.agency_code), '-infinity') AS begins_on,
        (SELECT min(r.period_code) FROM reported AS r WHERE a.agency_code = r.agency_code) AS first_reported
    FROM asked AS a
    WHERE a.is_open
    GROUP BY a.agency_code
),

unit AS (
    SELECT
        p.period_code,
        count(DISTINCT u.unit_code) AS unit_count
    FROM period AS p
    INNER JOIN dw.dim_administrative_unit AS u
        ON p.last >= u.valid_from AND coalesce(u.valid_to, 'infinity') >= p.last
    WHERE u.unit_level = cast(:units AS text) AND NOT u.is_inferred
    GROUP BY p.period_code
),

exemption AS (
    SELECT u.*
    FROM unnest(
        cast(:exempt AS text[]), cast(:exempt_from AS date[]), cast(:exempt_to AS date[]),
        cast(:reasons AS text[])
    ) AS u (agency_code, valid_from, valid_to, reason)
),

unusable AS (
    SELECT
        q.agency_code,
        q.period_code,
        min(q.first_seen_on) AS since,
        max(q.first_seen_on) AS last_seen,
        q.period_code ~ '^\d{4}(-[MQ]\d+)?$' AS is_readable
    FROM (
        SELECT
            agency_code,
            first_seen_on,
            regexp_replace(
                regexp_replace(
                    split_part(business_key, '|', :period_position), '^(\d\d)/(\d{4})$', '\2-M\1'
                ),
                '^(\d{4})-?(\d\d)$', '\1-M\2'
            ) AS period_code
        FROM dq.quarantine
        WHERE dataset = :dataset AND status = 'open' AND first_seen_on <= :as_of
        UNION ALL
        SELECT
            a.agency_code,
            f.first_seen_on,
            f.period
        FROM dq.rejected_file AS f
        INNER JOIN dw.dim_agency AS a
            ON
                a.is_current
                AND (
                    f.submitter = a.agency_code
                    OR (f.submitter = a.administrative_unit_code AND a.agency_type = 'commune')
                )
        WHERE f.dataset = :dataset AND f.status = 'open' AND f.first_seen_on <= :as_of
    ) AS q
    GROUP BY q.agency_code, q.period_code
)

SELECT
    :dataset,
    a.agency_code,
    p.period_code,
    p.due_on,
    p.last_day,
    least(r.first_submitted_at, k.first_submitted_at),
    -- A night that is run again later has not seen it earlier.
    least(k.first_seen_on, CASE WHEN r.first_submitted_at IS NOT NULL THEN cast(:as_of AS date) END),
    cast(:is_exact AS boolean),
    -- It stays when something usable comes: on the nights before, it was so.
    least(
        k.unusable_since,
        CASE WHEN coalesce(r.first_submitted_at, k.first_submitted_at) IS NULL THEN q.since END
    ),
    coalesce(r.row_count, k.row_count, 0),
    coalesce(r.zero_count, k.zero_count, 0),
    x.unit_count,
    CASE WHEN cast(:units AS text) IS NOT NULL THEN coalesce(r.unit_count, k.reported_units, 0) END,
    coalesce(
        e.reason,
        CASE
            WHEN a.begins_on > p.first AND coalesce(a.first_reported >= p.period_code, TRUE)
                THEN 'Cơ quan bắt đầu hoạt động trong kỳ, từ ngày ' || to_char(a.begins_on, 'DD/MM/YYYY')
        END
    )
FROM agency AS a
INNER JOIN period AS p
    ON
        EXISTS (
            SELECT FROM asked AS s
            WHERE
                s.agency_code = a.agency_code AND s.is_open AND s.since <= p.period_code
                AND s.from_day <= p.first AND s.due_from <= p.due_on
        )
        AND (a.begins_on <= p.last OR a.first_reported <= p.period_code)
        AND coalesce(a.retired_on, 'infinity') > p.due_on
LEFT JOIN unit AS x ON p.period_code = x.period_code
LEFT JOIN reported AS r
    ON a.agency_code = r.agency_code AND p.period_code = r.period_code AND r.first_submitted_at < :as_of
LEFT JOIN dq.submission AS k
    ON a.agency_code = k.agency_code AND p.period_code = k.period_code AND k.dataset = :dataset
LEFT JOIN LATERAL (
    -- What names no period that can be read may be that of any missing period that was over by then.
    SELECT min(CASE WHEN y.is_readable THEN y.since ELSE y.last_seen END) AS since
    FROM unusable AS y
    WHERE
        y.agency_code = a.agency_code
        AND (y.period_code = p.period_code OR (NOT y.is_readable AND y.last_seen > p.last))
) AS q ON TRUE
LEFT JOIN LATERAL (
    SELECT y.reason
    FROM exemption AS y
    WHERE y.agency_code = a.agency_code AND p.first BETWEEN y.valid_from AND y.valid_to
    ORDER BY y.valid_from
    LIMIT 1
) AS e ON TRUE
ON CONFLICT (dataset, agency_code, period_code) DO UPDATE
    SET
        due_on = excluded.due_on,
        last_day = excluded.last_day,
        first_submitted_at = excluded.first_submitted_at,
        first_seen_on = excluded.first_seen_on,
        is_exact = excluded.is_exact,
        unusable_since = excluded.unusable_since,
        row_count = excluded.row_count,
        zero_count = excluded.zero_count,
        expected_units = excluded.expected_units,
        reported_units = excluded.reported_units,
        exempt_reason = excluded.exempt_reason
    WHERE
    (
        t.due_on, t.last_day, t.first_submitted_at, t.first_seen_on, t.is_exact, t.unusable_since,
        t.row_count, t.zero_count, t.expected_units, t.reported_units, t.exempt_reason
    ) IS DISTINCT FROM (
        excluded.due_on, excluded.last_day, excluded.first_submitted_at, excluded.first_seen_on,
        excluded.is_exact,
        excluded.unusable_since,
        excluded.row_count,
        excluded.zero_count,
        excluded.expected_units,
        excluded.reported_units, excluded.exempt_reason
    );

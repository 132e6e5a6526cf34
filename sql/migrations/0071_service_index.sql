-- Purpose: the six groups of QĐ 766/QĐ-TTg from the dossiers, by agency, commune and province, and by day,
-- month, quarter and year. What is counted is materialised; points are made while reading, by the version of
-- the index that was in force.
CREATE TABLE meta.mart_state (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    last_day date NOT NULL,
    made_from text NOT NULL
);
COMMENT ON TABLE meta.mart_state IS
'Up to which day the marts of dossiers tell, and what they were made from; one row.';
INSERT INTO meta.mart_state (last_day, made_from) VALUES ('2000-01-01', '');

CREATE TABLE meta.service_component (
    valid_from date NOT NULL,
    component_id text NOT NULL,
    valid_to date NOT NULL,
    component_number integer NOT NULL,
    component_title text NOT NULL,
    group_id text NOT NULL,
    group_number integer NOT NULL,
    group_title text NOT NULL,
    group_maximum numeric NOT NULL,
    maximum numeric NOT NULL,
    measure text,
    full_at numeric,
    formula_vi text,
    missing_vi text,
    certainty text NOT NULL,
    source_document text NOT NULL,
    PRIMARY KEY (valid_from, component_id),
    CHECK ((measure IS NULL) = (missing_vi IS NOT NULL))
);
COMMENT ON TABLE meta.service_component IS
'Grain: one row per version of the index and component; a copy of include/service_index.yaml.';

CREATE VIEW dw.dossier_judged AS
SELECT
    f.dossier_code,
    f.agency_key,
    f.unit_key,
    f.procedure_key,
    f.status_code,
    f.received_at,
    f.due_at,
    f.finished_at,
    f.supplement_count,
    f.channel_code = '2' AS is_online,
    f.document_count > 0 AS has_papers,
    f.document_count > 0 AND f.digitised_document_count >= f.document_count AS is_digitised,
    f.result_count > 0 AS has_result,
    f.result_count > 0 AND f.electronic_result_count > 0 AS has_electronic_result,
    f.received_at::date AS received_on,
    f.finished_at::date AS finished_on,
    -- Refused, withdrawn and stopped dossiers are no longer to be settled.
    f.status_code NOT IN ('3', '7', '8') AS is_handled,
    f.due_at IS NOT NULL OR coalesce(f.supplement_count, 0) > 1 AS is_judged,
    f.is_on_time,
    -- From the end of this day on it is late while it is open.
    CASE
        WHEN f.supplement_count > 1 THEN f.received_at::date
        WHEN dw.effective_due_at(f.due_at, f.supplement_asked_at, f.supplement_received_at) < 'infinity'
            THEN
                greatest(
                    dw.effective_due_at(f.due_at, f.supplement_asked_at, f.supplement_received_at),
                    f.received_at
                )::date
    END AS late_from,
    dw.effective_due_at(f.due_at, f.supplement_asked_at, f.supplement_received_at) AS effective_due_at
FROM dw.fact_dossier AS f;
COMMENT ON VIEW dw.dossier_judged IS
'Grain: one row per dossier, with what QĐ 766/QĐ-TTg asks of it. The one place where a dossier is judged.';

CREATE MATERIALIZED VIEW mart.dossier_day AS
WITH worked AS (
    SELECT
        d.calendar_date,
        count(*) FILTER (WHERE meta.is_working_day(d.calendar_date)) OVER (ORDER BY d.calendar_date) AS number
    FROM dw.dim_date AS d
    WHERE d.calendar_date BETWEEN '2015-01-01' AND (SELECT s.last_day FROM meta.mart_state AS s)
),

event AS (
    SELECT
        j.agency_key,
        j.unit_key,
        j.received_on AS day,
        count(*) AS received,
        count(*) FILTER (WHERE j.is_online) AS received_online,
        count(*) FILTER (WHERE j.has_papers) AS with_papers,
        count(*) FILTER (WHERE j.is_digitised) AS digitised,
        count(*) FILTER (WHERE j.is_handled) AS opened,
        count(*) FILTER (WHERE j.is_handled AND NOT j.is_judged) AS opened_without_due,
        0 AS finished,
        0 AS finished_on_time,
        0 AS finished_without_due,
        0 AS with_result,
        0 AS with_electronic_result,
        0 AS turned_late,
        0 AS finished_turned_late,
        0 AS working_days
    FROM dw.dossier_judged AS j
    GROUP BY j.agency_key, j.unit_key, j.received_on
    UNION ALL
    SELECT
        j.agency_key,
        j.unit_key,
        j.finished_on,
        0,
        0,
        0,
        0,
        0,
        0,
        count(*),
        count(*) FILTER (WHERE j.is_judged AND j.is_on_time),
        count(*) FILTER (WHERE NOT j.is_judged),
        count(*) FILTER (WHERE j.has_result),
        count(*) FILTER (WHERE j.has_electronic_result),
        0,
        count(*) FILTER (WHERE j.is_judged AND j.finished_on > j.late_from),
        sum(greatest(f.number - r.number, 0))
    FROM dw.dossier_judged AS j
    LEFT JOIN worked AS r ON j.received_on = r.calendar_date
    LEFT JOIN worked AS f ON j.finished_on = f.calendar_date
    WHERE j.is_handled AND j.finished_at IS NOT NULL
    GROUP BY j.agency_key, j.unit_key, j.finished_on
    UNION ALL
    SELECT
        j.agency_key,
        j.unit_key,
        j.late_from,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        count(*),
        0,
        0
    FROM dw.dossier_judged AS j
    WHERE
        j.is_handled AND j.is_judged AND j.late_from IS NOT NULL
        AND (j.finished_at IS NULL OR j.finished_on > j.late_from)
    GROUP BY j.agency_key, j.unit_key, j.late_from
),

-- One key for an agency whatever its history.
agency AS (
    SELECT
        a.agency_key,
        first_value(a.agency_key)
            OVER (PARTITION BY a.agency_code ORDER BY a.is_current DESC, a.valid_from DESC)
            AS scope_key
    FROM dw.dim_agency AS a
),

flow AS (
    SELECT
        CASE
            WHEN grouping(a.scope_key) = 0 THEN 'agency'
            WHEN grouping(e.unit_key) = 0 THEN 'commune'
            ELSE 'province'
        END AS scope_type,
        coalesce(a.scope_key, e.unit_key, 0) AS scope_key,
        e.day,
        sum(e.received)::bigint AS received,
        sum(e.received_online)::bigint AS received_online,
        sum(e.with_papers)::bigint AS with_papers,
        sum(e.digitised)::bigint AS digitised,
        sum(e.opened)::bigint AS opened,
        sum(e.opened_without_due)::bigint AS opened_without_due,
        sum(e.finished)::bigint AS finished,
        sum(e.finished_on_time)::bigint AS finished_on_time,
        sum(e.finished_without_due)::bigint AS finished_without_due,
        sum(e.with_result)::bigint AS with_result,
        sum(e.with_electronic_result)::bigint AS with_electronic_result,
        sum(e.turned_late)::bigint AS turned_late,
        sum(e.finished_turned_late)::bigint AS finished_turned_late,
        sum(e.working_days)::bigint AS working_days
    FROM event AS e
    INNER JOIN agency AS a ON e.agency_key = a.agency_key
    WHERE e.day <= (SELECT s.last_day FROM meta.mart_state AS s)
    GROUP BY GROUPING SETS ((a.scope_key, e.day), (e.unit_key, e.day), (e.day))
),

-- Days without an event are rows of zeros: a join by day would have to be planned without statistics.
filled AS (
    SELECT
        scope_type,
        scope_key,
        day,
        received,
        received_online,
        with_papers,
        digitised,
        opened,
        opened_without_due,
        finished,
        finished_on_time,
        finished_without_due,
        with_result,
        with_electronic_result,
        turned_late,
        finished_turned_late,
        working_days
    FROM flow
    UNION ALL
    SELECT
        s.scope_type,
        s.scope_key,
        g.day::date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0
    FROM (
        SELECT
            scope_type,
            scope_key,
            min(day) AS first_day
        FROM flow
        GROUP BY scope_type, scope_key
    ) AS s
    CROSS JOIN meta.mart_state AS m
    CROSS JOIN generate_series(s.first_day::timestamp, m.last_day::timestamp, interval '1 day') AS g (day)
)

SELECT
    scope_type,
    scope_key,
    day,
    sum(received)::bigint AS received,
    sum(received_online)::bigint AS received_online,
    sum(with_papers)::bigint AS with_papers,
    sum(digitised)::bigint AS digitised,
    sum(finished)::bigint AS finished,
    sum(finished_on_time)::bigint AS finished_on_time,
    sum(finished_without_due)::bigint AS finished_without_due,
    sum(with_result)::bigint AS with_result,
    sum(with_electronic_result)::bigint AS with_electronic_result,
    sum(working_days)::bigint AS working_days,
    (sum(sum(opened - finished)) OVER running)::bigint AS open_at_end,
    (sum(sum(turned_late - finished_turned_late)) OVER running)::bigint AS overdue_at_end,
    (sum(sum(opened_without_due - finished_without_due)) OVER running)::bigint AS open_without_due
FROM filled
GROUP BY scope_type, scope_key, day
WINDOW running AS (PARTITION BY scope_type, scope_key ORDER BY day);
CREATE UNIQUE INDEX dossier_day_key ON mart.dossier_day (scope_type, scope_key, day);
CREATE INDEX dossier_day_day ON mart.dossier_day (day, scope_type);
COMMENT ON MATERIALIZED VIEW mart.dossier_day IS
'Grain: one row per agency, commune or province and day, without a gap. Lượng hồ sơ trong ngày và tồn cuối
ngày. Stocks (…_at_end) do not add up over days; agencies add up to the province, and so do communes.';
COMMENT ON COLUMN mart.dossier_day.scope_key IS
'agency: agency_key; commune: unit_key of the unit of the day; province: 0.';
COMMENT ON COLUMN mart.dossier_day.open_at_end IS
'Hồ sơ đang giải quyết lúc hết ngày; refused, withdrawn and stopped ones left out.';
COMMENT ON COLUMN mart.dossier_day.overdue_at_end IS 'Of these, late at the end of the day (QĐ 766/QĐ-TTg).';
COMMENT ON COLUMN mart.dossier_day.working_days IS
'Sum of working days from receipt to finish of the dossiers finished on the day.';

CREATE MATERIALIZED VIEW mart.dossier_procedure_month AS
WITH counted AS (
    SELECT
        j.agency_key,
        j.unit_key,
        j.procedure_key,
        date_trunc('month', j.received_on::timestamp)::date AS month_start,
        count(*) AS received,
        count(*) FILTER (WHERE j.is_online) AS received_online,
        count(*) FILTER (WHERE j.is_handled AND j.finished_at IS NOT NULL) AS finished,
        count(*) FILTER (WHERE j.is_handled AND j.finished_at IS NOT NULL AND j.is_on_time)
            AS finished_on_time,
        count(*) FILTER (WHERE j.is_handled AND j.finished_at IS NULL) AS still_open
    FROM dw.dossier_judged AS j
    WHERE j.received_on <= (SELECT s.last_day FROM meta.mart_state AS s)
    GROUP BY j.agency_key, j.unit_key, j.procedure_key, date_trunc('month', j.received_on::timestamp)::date
),

agency AS (
    SELECT
        a.agency_key,
        first_value(a.agency_key)
            OVER (PARTITION BY a.agency_code ORDER BY a.is_current DESC, a.valid_from DESC)
            AS scope_key
    FROM dw.dim_agency AS a
),

scoped AS (
    SELECT
        CASE
            WHEN grouping(a.scope_key) = 0 THEN 'agency'
            WHEN grouping(c.unit_key) = 0 THEN 'commune'
            ELSE 'province'
        END AS scope_type,
        coalesce(a.scope_key, c.unit_key, 0) AS scope_key,
        c.month_start,
        c.procedure_key,
        sum(c.received)::bigint AS received,
        sum(c.received_online)::bigint AS received_online,
        sum(c.finished)::bigint AS finished,
        sum(c.finished_on_time)::bigint AS finished_on_time,
        sum(c.still_open)::bigint AS still_open
    FROM counted AS c
    INNER JOIN agency AS a ON c.agency_key = a.agency_key
    GROUP BY GROUPING SETS (
        (a.scope_key, c.month_start, c.procedure_key),
        (c.unit_key, c.month_start, c.procedure_key),
        (c.month_start, c.procedure_key)
    )
)

SELECT
    s.scope_type,
    s.scope_key,
    s.month_start,
    s.procedure_key,
    p.procedure_code,
    p.name_vi AS procedure_name,
    p.sector_code,
    p.online_level,
    s.received,
    s.received_online,
    s.finished,
    s.finished_on_time,
    s.still_open
FROM scoped AS s
INNER JOIN dw.dim_procedure AS p ON s.procedure_key = p.procedure_key;
CREATE UNIQUE INDEX dossier_procedure_month_key
ON mart.dossier_procedure_month (scope_type, scope_key, month_start, procedure_key);
CREATE INDEX dossier_procedure_month_month ON mart.dossier_procedure_month (month_start, scope_type);
COMMENT ON MATERIALIZED VIEW mart.dossier_procedure_month IS
'Grain: one row per agency, commune or province, month of receipt and procedure. Theo thủ tục hành chính.';

CREATE MATERIALIZED VIEW mart.dossier_period AS
WITH period AS (
    SELECT
        t.period_type,
        d.scope_type,
        d.scope_key,
        date_trunc(t.period_type, d.day::timestamp)::date AS period_start,
        min(d.day) AS first_day,
        max(d.day) AS last_day,
        sum(d.received)::bigint AS received,
        sum(d.received_online)::bigint AS received_online,
        sum(d.with_papers)::bigint AS with_papers,
        sum(d.digitised)::bigint AS digitised,
        sum(d.finished)::bigint AS finished,
        sum(d.finished_on_time)::bigint AS finished_on_time,
        sum(d.finished_without_due)::bigint AS finished_without_due,
        sum(d.with_result)::bigint AS with_result,
        sum(d.with_electronic_result)::bigint AS with_electronic_result,
        sum(d.working_days)::bigint AS working_days
    FROM mart.dossier_day AS d
    CROSS JOIN (VALUES ('month'), ('quarter'), ('year')) AS t (period_type)
    GROUP BY t.period_type, d.scope_type, d.scope_key, date_trunc(t.period_type, d.day::timestamp)
),

offered AS (
    SELECT
        t.period_type,
        m.scope_type,
        m.scope_key,
        date_trunc(t.period_type, m.month_start::timestamp)::date AS period_start,
        count(DISTINCT m.procedure_key) FILTER (WHERE m.online_level IN ('full', 'partial'))
            AS online_procedures,
        count(DISTINCT m.procedure_key) FILTER (WHERE m.online_level = 'full') AS full_online_procedures,
        count(DISTINCT m.procedure_key)
        FILTER (WHERE m.online_level IN ('full', 'partial') AND m.received_online > 0)
            AS procedures_filed_online
    FROM mart.dossier_procedure_month AS m
    CROSS JOIN (VALUES ('month'), ('quarter'), ('year')) AS t (period_type)
    GROUP BY t.period_type, m.scope_type, m.scope_key, date_trunc(t.period_type, m.month_start::timestamp)
)

SELECT
    p.*,
    CASE p.period_type
        WHEN 'month' THEN to_char(p.period_start, 'YYYY"-M"MM')
        WHEN 'quarter' THEN to_char(p.period_start, 'YYYY"-Q"Q')
        ELSE to_char(p.period_start, 'YYYY')
    END AS period_code,
    (
        p.period_start
        + CASE p.period_type
            WHEN 'month' THEN interval '1 month'
            WHEN 'quarter' THEN interval '3 months'
            ELSE interval '1 year'
        END
        - interval '1 day'
    )::date AS period_end,
    e.open_at_end,
    e.overdue_at_end,
    e.open_without_due,
    coalesce(o.online_procedures, 0) AS online_procedures,
    coalesce(o.full_online_procedures, 0) AS full_online_procedures,
    coalesce(o.procedures_filed_online, 0) AS procedures_filed_online
FROM period AS p
INNER JOIN mart.dossier_day AS e
    ON p.scope_type = e.scope_type AND p.scope_key = e.scope_key AND p.last_day = e.day
LEFT JOIN offered AS o
    ON
        p.period_type = o.period_type AND p.scope_type = o.scope_type AND p.scope_key = o.scope_key
        AND p.period_start = o.period_start;
CREATE UNIQUE INDEX dossier_period_key ON mart.dossier_period (
    scope_type, scope_key, period_type, period_start
);
CREATE INDEX dossier_period_period ON mart.dossier_period (period_type, period_start, scope_type);
COMMENT ON MATERIALIZED VIEW mart.dossier_period IS
'Grain: one row per agency, commune or province and month, quarter or year. Flows are sums of the days,
stocks those of the last day that is known.';

CREATE VIEW mart.dossier_scope AS
SELECT
    'agency' AS scope_type,
    a.agency_key AS scope_key,
    a.agency_code AS scope_code,
    a.name_vi AS scope_name,
    a.agency_type AS scope_kind
FROM dw.dim_agency AS a
UNION ALL
SELECT
    'commune' AS scope_type,
    u.unit_key,
    u.unit_code,
    u.name_vi,
    u.unit_type
FROM dw.dim_administrative_unit AS u
UNION ALL
SELECT
    'province' AS scope_type,
    0,
    'province',
    'Toàn tỉnh',
    'province';
COMMENT ON VIEW mart.dossier_scope IS
'Grain: one row per agency, commune or the province: names for scope_type and scope_key of the marts.';

CREATE VIEW mart.service_measure AS
WITH period AS (
    SELECT
        p.scope_type,
        p.scope_key,
        p.period_type,
        p.period_code,
        p.period_start,
        p.period_end,
        p.last_day,
        p.received,
        p.received_online,
        p.with_papers,
        p.digitised,
        p.finished,
        p.finished_on_time,
        p.finished_without_due,
        p.with_result,
        p.with_electronic_result,
        p.open_at_end,
        p.overdue_at_end,
        p.open_without_due,
        p.online_procedures,
        p.full_online_procedures,
        p.procedures_filed_online
    FROM mart.dossier_period AS p
    UNION ALL
    SELECT
        d.scope_type,
        d.scope_key,
        'day' AS period_type,
        to_char(d.day, 'YYYY-MM-DD') AS period_code,
        d.day AS period_start,
        d.day AS period_end,
        d.day AS last_day,
        d.received,
        d.received_online,
        d.with_papers,
        d.digitised,
        d.finished,
        d.finished_on_time,
        d.finished_without_due,
        d.with_result,
        d.with_electronic_result,
        d.open_at_end,
        d.overdue_at_end,
        d.open_without_due,
        m.online_procedures,
        m.full_online_procedures,
        m.procedures_filed_online
    FROM mart.dossier_day AS d
    -- What is offered online is a state: a day has that of its month.
    INNER JOIN mart.dossier_period AS m
        ON
            d.scope_type = m.scope_type AND d.scope_key = m.scope_key AND m.period_type = 'month'
            AND m.period_start = date_trunc('month', d.day::timestamp)::date
)

SELECT
    p.scope_type,
    p.scope_key,
    p.period_type,
    p.period_code,
    p.period_start,
    p.period_end,
    p.last_day,
    v.measure,
    v.numerator,
    v.denominator,
    v.left_out
FROM period AS p
CROSS JOIN LATERAL (
    VALUES
    (
        'on_time',
        p.finished_on_time + p.open_at_end - p.open_without_due - p.overdue_at_end,
        p.finished - p.finished_without_due + p.open_at_end - p.open_without_due,
        p.finished_without_due + p.open_without_due
    ),
    ('full_online_procedures', p.full_online_procedures, p.online_procedures, 0),
    ('procedures_filed_online', p.procedures_filed_online, p.online_procedures, 0),
    ('online_dossiers', p.received_online, p.received, 0),
    ('digitised_dossiers', p.digitised, p.with_papers, p.received - p.with_papers),
    ('electronic_results', p.with_electronic_result, p.with_result, p.finished - p.with_result),
    ('none', NULL, NULL, NULL)
) AS v (measure, numerator, denominator, left_out);
COMMENT ON VIEW mart.service_measure IS
'Grain: one row per agency, commune or province, period and measure. Ratios are never summed: add numerators
and denominators. left_out: dossiers that the measure cannot judge, such as those without a due time. The measure none has no values: it stands for what the index asks and no
source tells.';

CREATE VIEW mart.service_index_component AS
SELECT
    m.scope_type,
    m.scope_key,
    s.scope_code,
    s.scope_name,
    m.period_type,
    m.period_code,
    m.period_start,
    m.period_end,
    m.last_day,
    m.last_day = m.period_end
    AND m.period_start >= (SELECT min(d.day) FROM mart.dossier_day AS d WHERE d.scope_type = 'province')
        AS is_complete,
    c.group_number,
    c.group_id,
    c.group_title,
    c.group_maximum,
    c.component_number,
    c.component_id,
    c.component_title,
    c.formula_vi,
    m.numerator,
    m.denominator,
    m.left_out,
    round(100.0 * m.numerator / nullif(m.denominator, 0), 2) AS percent,
    c.full_at,
    c.maximum,
    CASE
        WHEN m.denominator > 0
            THEN round(least(c.maximum, c.maximum * 100 * m.numerator / m.denominator / c.full_at), 2)
    END AS points,
    CASE
        WHEN c.missing_vi IS NOT NULL THEN c.missing_vi
        WHEN coalesce(m.denominator, 0) = 0 THEN 'Không phát sinh trong kỳ'
    END AS not_applicable_vi,
    c.certainty,
    c.source_document
FROM mart.service_measure AS m
INNER JOIN mart.dossier_scope AS s ON m.scope_type = s.scope_type AND m.scope_key = s.scope_key
INNER JOIN meta.service_component AS c
    ON m.measure = coalesce(c.measure, 'none') AND m.period_end >= c.valid_from AND m.period_end < c.valid_to;
COMMENT ON VIEW mart.service_index_component IS
'Grain: one row per agency, commune or province, period and component of the index of QĐ 766/QĐ-TTg. Without
points (not applicable), not_applicable_vi says why. Điểm thành phần, tử số, mẫu số và công thức.';

CREATE VIEW mart.service_index_group AS
SELECT
    c.scope_type,
    c.scope_key,
    c.scope_code,
    c.scope_name,
    c.period_type,
    c.period_code,
    c.period_start,
    c.period_end,
    c.last_day,
    c.is_complete,
    c.group_number,
    c.group_id,
    c.group_title,
    sum(c.points) AS points,
    coalesce(sum(c.maximum) FILTER (WHERE c.points IS NOT NULL), 0) AS measured_maximum,
    c.group_maximum AS maximum,
    round(100 * coalesce(sum(c.maximum) FILTER (WHERE c.points IS NOT NULL), 0) / c.group_maximum, 2)
        AS coverage_percent,
    string_agg(c.component_title || ': ' || c.not_applicable_vi, '; ' ORDER BY c.component_number)
        AS not_applicable_vi
FROM mart.service_index_component AS c
GROUP BY
    c.scope_type, c.scope_key, c.scope_code, c.scope_name, c.period_type, c.period_code, c.period_start,
    c.period_end, c.last_day, c.is_complete, c.group_number, c.group_id, c.group_title, c.group_maximum;
COMMENT ON VIEW mart.service_index_group IS
'Grain: one row per agency, commune or province, period and group of the index. points out of
measured_maximum; points is NULL where no component of the group can be measured.';

CREATE VIEW mart.service_index AS
SELECT
    c.scope_type,
    c.scope_key,
    c.scope_code,
    c.scope_name,
    c.period_type,
    c.period_code,
    c.period_start,
    c.period_end,
    c.last_day,
    c.is_complete,
    sum(c.points) AS points,
    coalesce(sum(c.maximum) FILTER (WHERE c.points IS NOT NULL), 0) AS measured_maximum,
    sum(c.maximum) AS maximum,
    round(100 * coalesce(sum(c.maximum) FILTER (WHERE c.points IS NOT NULL), 0) / sum(c.maximum), 2)
        AS coverage_percent,
    round(100 * sum(c.points) / nullif(sum(c.maximum) FILTER (WHERE c.points IS NOT NULL), 0), 2)
        AS percent_of_measured
FROM mart.service_index_component AS c
GROUP BY
    c.scope_type, c.scope_key, c.scope_code, c.scope_name, c.period_type, c.period_code, c.period_start,
    c.period_end, c.last_day, c.is_complete;
COMMENT ON VIEW mart.service_index IS
'Grain: one row per agency, commune or province and period. points out of measured_maximum; what no source
tells is in neither, so two scores compare only at the same coverage_percent.';

CREATE FUNCTION mart.dossiers_behind(
    measure text, scope_type text, scope_key integer, period_start date, last_day date
) RETURNS TABLE (
    dossier_code text,
    agency_key integer,
    unit_key integer,
    procedure_key integer,
    status_code text,
    received_at timestamp,
    due_at timestamp,
    effective_due_at timestamp,
    finished_at timestamp,
    supplement_count integer,
    is_counted boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT
        j.dossier_code,
        j.agency_key,
        j.unit_key,
        j.procedure_key,
        j.status_code,
        j.received_at,
        j.due_at,
        j.effective_due_at,
        j.finished_at,
        j.supplement_count,
        CASE measure
            WHEN 'on_time'
                THEN CASE
                    WHEN j.finished_on <= last_day THEN j.is_on_time
                    ELSE j.late_from IS NULL OR j.late_from > last_day
                END
            WHEN 'online_dossiers' THEN j.is_online
            WHEN 'digitised_dossiers' THEN j.is_digitised
            WHEN 'electronic_results' THEN j.has_electronic_result
        END AS is_counted
    FROM dw.dossier_judged AS j
    WHERE
        CASE scope_type
            WHEN 'agency' THEN j.agency_key IN (
                SELECT a.agency_key
                FROM dw.dim_agency AS a
                INNER JOIN dw.dim_agency AS k ON a.agency_code = k.agency_code
                WHERE k.agency_key = scope_key
            )
            WHEN 'commune' THEN j.unit_key = scope_key
            ELSE scope_type = 'province'
        END
        AND CASE measure
            WHEN 'on_time'
                THEN
                    j.is_handled AND j.is_judged AND j.received_on <= last_day
                    AND (j.finished_on IS NULL OR j.finished_on >= period_start)
            WHEN 'online_dossiers' THEN j.received_on BETWEEN period_start AND last_day
            WHEN 'digitised_dossiers'
                THEN j.has_papers AND j.received_on BETWEEN period_start AND last_day
            WHEN 'electronic_results'
                THEN j.is_handled AND j.has_result AND j.finished_on BETWEEN period_start AND last_day
            ELSE FALSE
        END
$$;
COMMENT ON FUNCTION mart.dossiers_behind IS
'The dossiers behind a number of mart.service_measure: its denominator, and with is_counted its numerator. The
two measures of procedures are in mart.dossier_procedure_month. Reads the fact: for people, not for screens.';

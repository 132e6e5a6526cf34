-- Purpose: what has left its reference file is marked, not removed, as in the shared catalogues: plan tasks,
-- indicators, investment projects and lines of the communes' form. Facts of its time still point to it.
ALTER TABLE dw.dim_plan_task ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_plan_task.retired_on IS 'The night on which the plan no longer had the task.';
ALTER TABLE dw.dim_indicator ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_indicator.retired_on IS 'The night on which the plans no longer had the indicator.';
ALTER TABLE dw.dim_investment_project ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_investment_project.retired_on IS
'The night on which the list of projects no longer had the project.';
ALTER TABLE dw.dim_commune_form_line ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_commune_form_line.retired_on IS
'The night on which the form no longer had the line.';

CREATE OR REPLACE VIEW mart.indicator_value AS
SELECT
    i.indicator_code,
    i.name_vi AS indicator_name,
    a.agency_code,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    v.period_code,
    v.indicator_value,
    v.numerator,
    v.denominator,
    v.unit_code,
    v.revision_number,
    v.submitted_at,
    i.retired_on AS indicator_retired_on
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
WHERE v.is_current;

CREATE OR REPLACE VIEW mart.indicator_target AS
SELECT
    i.indicator_code,
    i.name_vi AS indicator_name,
    t.target_year,
    t.target_raw,
    t.comparator,
    t.target_low,
    t.target_high,
    t.unit_code,
    t.plan_code,
    t.province_code,
    t.source_document,
    t.source_date,
    t.source_place,
    i.retired_on AS indicator_retired_on
FROM dw.fact_indicator_target AS t
INNER JOIN dw.dim_indicator AS i ON t.indicator_key = i.indicator_key;

CREATE OR REPLACE VIEW mart.plan_task AS
SELECT
    t.task_code,
    t.name_vi AS task_name,
    t.lead_agency_raw,
    t.deadline_raw,
    t.deadline_date,
    s.status_code,
    d.calendar_date AS status_date,
    t.plan_code,
    t.province_code,
    t.source_document,
    t.source_place,
    t.retired_on
FROM dw.dim_plan_task AS t
INNER JOIN LATERAL (
    SELECT
        f.status_code,
        f.status_date_key
    FROM dw.fact_task_status AS f
    WHERE f.task_key = t.task_key
    ORDER BY f.status_date_key DESC
    LIMIT 1
) AS s ON TRUE
INNER JOIN dw.dim_date AS d ON s.status_date_key = d.date_key;

CREATE OR REPLACE VIEW mart.disbursement_by_project AS
SELECT
    p.project_code,
    n.name_vi AS project_name,
    n.total_investment_million_vnd,
    f.budget_year,
    count(*) AS vouchers,
    sum(f.amount_vnd) / 1000000 AS disbursed_million_vnd,
    n.retired_on AS project_retired_on
FROM dw.fact_disbursement AS f
INNER JOIN dw.dim_investment_project AS p ON f.project_key = p.project_key
INNER JOIN dw.dim_investment_project AS n ON p.project_code = n.project_code AND n.is_current
WHERE NOT f.is_deleted
GROUP BY p.project_code, n.name_vi, n.total_investment_million_vnd, f.budget_year, n.retired_on;

CREATE OR REPLACE VIEW mart.commune_form_value AS
SELECT
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    v.period_code,
    d.calendar_date AS period_end_date,
    l.line_code,
    l.name_vi AS line_name,
    l.group_vi AS line_group,
    l.unit_code AS value_unit,
    v.month_value,
    v.month_missing_reason,
    v.year_value,
    v.year_missing_reason,
    v.plan_value,
    v.revision_number,
    v.submitted_at,
    v.source_file,
    l.retired_on AS line_retired_on
FROM dw.fact_commune_form_value AS v
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
INNER JOIN dw.dim_commune_form_line AS l ON v.line_key = l.line_key
INNER JOIN dw.dim_date AS d ON v.period_end_date_key = d.date_key
WHERE v.is_current;

DROP MATERIALIZED VIEW mart.investment_month;
CREATE MATERIALIZED VIEW mart.investment_month AS
WITH paid AS (
    SELECT
        p.project_code,
        date_trunc('month', d.calendar_date::timestamp)::date AS month_start,
        count(*) AS vouchers,
        sum(f.amount_vnd) / 1000000 AS disbursed_million_vnd
    FROM dw.fact_disbursement AS f
    INNER JOIN dw.dim_investment_project AS p ON f.project_key = p.project_key
    INNER JOIN dw.dim_date AS d ON f.disbursed_date_key = d.date_key
    WHERE NOT f.is_deleted AND d.date_key > 0
    GROUP BY p.project_code, date_trunc('month', d.calendar_date::timestamp)
)

SELECT
    p.project_code,
    n.name_vi AS project_name,
    p.month_start,
    p.vouchers,
    p.disbursed_million_vnd,
    sum(p.disbursed_million_vnd) OVER running AS cumulative_million_vnd,
    n.total_investment_million_vnd,
    round(100 * sum(p.disbursed_million_vnd) OVER running / nullif(n.total_investment_million_vnd, 0), 2)
        AS cumulative_percent,
    n.retired_on AS project_retired_on
FROM paid AS p
LEFT JOIN dw.dim_investment_project AS n ON p.project_code = n.project_code AND n.is_current
WINDOW running AS (PARTITION BY p.project_code ORDER BY p.month_start);
CREATE UNIQUE INDEX investment_month_key ON mart.investment_month (project_code, month_start);
COMMENT ON MATERIALIZED VIEW mart.investment_month IS
'Grain: one row per project and month with a payment; deleted vouchers left out. Giải ngân và lũy kế.';

DROP MATERIALIZED VIEW mart.task_state;
CREATE MATERIALIZED VIEW mart.task_state AS
WITH progress AS (
    SELECT DISTINCT ON (f.task_key)
        f.task_key,
        f.period_code,
        f.percent_done,
        f.status_code,
        a.agency_code,
        a.name_vi AS agency_name
    FROM dw.fact_plan_task_progress AS f
    INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
    ORDER BY f.task_key ASC, f.month_start_date_key DESC, f.submitted_at DESC
),

reporters AS (
    SELECT
        f.task_key,
        count(DISTINCT f.agency_key) AS reporting_agencies
    FROM dw.fact_plan_task_progress AS f
    GROUP BY f.task_key
),

status AS (
    SELECT DISTINCT ON (f.task_key)
        f.task_key,
        f.status_code
    FROM dw.fact_task_status AS f
    ORDER BY f.task_key ASC, f.status_date_key DESC
)

SELECT
    t.task_key,
    t.task_code,
    t.group_vi AS task_group,
    t.name_vi AS task_name,
    t.lead_agency_raw AS lead_agency,
    t.deadline_raw AS deadline_text,
    t.deadline_date,
    t.plan_code,
    t.province_code AS plan_province_code,
    s.status_code AS plan_status_code,
    p.agency_code AS last_reporting_agency_code,
    p.agency_name AS last_reporting_agency_name,
    p.period_code AS last_period_code,
    p.percent_done,
    p.status_code AS progress_status_code,
    coalesce(r.reporting_agencies, 0) AS reporting_agencies,
    t.deadline_date < m.last_day AND coalesce(p.status_code, '') <> 'HT' AND t.retired_on IS NULL
        AS is_overdue,
    t.retired_on
FROM dw.dim_plan_task AS t
CROSS JOIN meta.mart_state AS m
LEFT JOIN progress AS p ON t.task_key = p.task_key
LEFT JOIN reporters AS r ON t.task_key = r.task_key
LEFT JOIN status AS s ON t.task_key = s.task_key
WHERE t.task_key > 0;
CREATE UNIQUE INDEX task_state_key ON mart.task_state (task_key);
COMMENT ON MATERIALIZED VIEW mart.task_state IS
'Grain: one row per plan task, with its last report of progress. Nhiệm vụ của kế hoạch. is_overdue: past its
deadline, not reported as done and still in the plan; NULL where the deadline is not a day.';

-- A task that has left its plan is not one to follow. What reads this mart is made again over it, from the
-- definitions that are there.
CREATE TEMP TABLE reader AS
WITH RECURSIVE found AS (
    SELECT
        'mart.indicator_fact_month'::regclass::oid AS oid,
        0 AS level
    UNION
    SELECT
        c.oid,
        f.level + 1 AS level
    FROM found AS f
    INNER JOIN pg_depend AS p ON f.oid = p.refobjid AND p.refclassid = 'pg_class'::regclass
    INNER JOIN pg_rewrite AS r ON p.objid = r.oid AND p.classid = 'pg_rewrite'::regclass
    INNER JOIN pg_class AS c ON r.ev_class = c.oid AND f.oid <> c.oid
)

SELECT
    max(f.level) AS level,
    n.nspname || '.' || c.relname AS name,
    CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
    array_to_string(c.reloptions, ', ') AS options,
    pg_get_viewdef(c.oid) AS definition,
    c.relispopulated AS is_filled,
    obj_description(c.oid, 'pg_class') AS described,
    (SELECT array_agg(pg_get_indexdef(i.indexrelid)) FROM pg_index AS i WHERE c.oid = i.indrelid) AS indexes,
    (
        SELECT jsonb_object_agg(a.attname, d.description)
        FROM pg_attribute AS a
        INNER JOIN pg_description AS d
            ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.classoid = 'pg_class'::regclass
        WHERE c.oid = a.attrelid AND a.attnum > 0
    ) AS columns_described
FROM found AS f
INNER JOIN pg_class AS c ON f.oid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE f.level > 0
GROUP BY c.oid, n.nspname, c.relname, c.relkind, c.reloptions, c.relispopulated;

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM reader ORDER BY level DESC LOOP
        EXECUTE format('DROP %s %s', r.kind, r.name);
    END LOOP;
END
$$;

DROP MATERIALIZED VIEW mart.indicator_fact_month;
CREATE MATERIALIZED VIEW mart.indicator_fact_month AS
WITH population AS (
    SELECT DISTINCT ON (p.unit_key)
        p.unit_key,
        p.month_start_date_key,
        p.population_count
    FROM dw.fact_population AS p
    ORDER BY p.unit_key ASC, p.month_start_date_key DESC
),

counted AS (
    SELECT
        'health_records' AS measure,
        h.unit_key,
        count(*) AS numerator
    FROM dw.fact_health_record AS h
    GROUP BY h.unit_key
    UNION ALL
    SELECT
        m.measure,
        e.unit_key,
        count(*)
    FROM dw.dim_enterprise AS e
    INNER JOIN meta.indicator_method AS m
        ON m.measure = 'digital_enterprises' AND left(e.sector_code, 2) = any(m.sectors)
    WHERE
        e.is_current AND e.enterprise_key > 0 AND e.status_code = '00' AND e.entity_type_code = 'DN'
    GROUP BY m.measure, e.unit_key
),

by_people AS (
    SELECT
        m.measure,
        p.unit_key,
        p.month_start_date_key,
        coalesce(c.numerator, 0) AS numerator,
        p.population_count AS denominator
    FROM population AS p
    CROSS JOIN (VALUES ('health_records'), ('digital_enterprises')) AS m (measure)
    LEFT JOIN counted AS c ON m.measure = c.measure AND p.unit_key = c.unit_key
)

SELECT
    b.measure,
    CASE WHEN grouping(b.unit_key) = 0 THEN 'commune' ELSE 'province' END AS scope_type,
    coalesce(b.unit_key, 0) AS scope_key,
    max(d.calendar_date) AS month_start,
    sum(b.numerator)::bigint AS numerator,
    sum(b.denominator)::bigint AS denominator
FROM by_people AS b
INNER JOIN dw.dim_date AS d ON b.month_start_date_key = d.date_key
GROUP BY GROUPING SETS ((b.measure, b.unit_key), (b.measure))
UNION ALL
SELECT
    'tasks_followed' AS measure,
    'province' AS scope_type,
    0 AS scope_key,
    d.calendar_date AS month_start,
    count(DISTINCT f.task_key) AS numerator,
    (SELECT count(*) FROM dw.dim_plan_task AS t WHERE t.task_key > 0 AND t.retired_on IS NULL) AS denominator
FROM dw.fact_plan_task_progress AS f
INNER JOIN dw.dim_plan_task AS k ON f.task_key = k.task_key AND k.retired_on IS NULL
INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
WHERE f.task_key > 0
GROUP BY d.calendar_date
UNION ALL
SELECT
    'agencies_on_axis' AS measure,
    'province' AS scope_type,
    0 AS scope_key,
    date_trunc('month', f.sent_at)::date AS month_start,
    count(DISTINCT a.agency_code) AS numerator,
    (
        SELECT count(*)
        FROM dw.dim_agency AS k
        WHERE k.agency_key > 0 AND k.is_current AND k.retired_on IS NULL
    ) AS denominator
FROM dw.fact_electronic_document AS f
INNER JOIN dw.dim_agency AS a ON f.sender_agency_key = a.agency_key AND a.is_current AND a.retired_on IS NULL
WHERE a.agency_key > 0
GROUP BY date_trunc('month', f.sent_at)::date;
CREATE UNIQUE INDEX indicator_fact_month_key
ON mart.indicator_fact_month (measure, scope_type, scope_key, month_start);
COMMENT ON MATERIALIZED VIEW mart.indicator_fact_month IS
'Grain: one row per measure, commune or province, and month: what other facts than dossiers give for
indicators. Measures of people have the last month of the population only.';

DO $$
DECLARE
    r record;
    told record;
    index_definition text;
BEGIN
    FOR r IN SELECT * FROM reader ORDER BY level LOOP
        EXECUTE format(
            'CREATE %s %s%s AS %s%s',
            r.kind,
            r.name,
            coalesce(' WITH (' || r.options || ')', ''),
            rtrim(r.definition, '; '),
            CASE WHEN r.is_filled THEN '' ELSE ' WITH NO DATA' END
        );
        FOREACH index_definition IN ARRAY coalesce(r.indexes, '{}') LOOP
            EXECUTE index_definition;
        END LOOP;
        IF r.described IS NOT NULL THEN
            EXECUTE format('COMMENT ON %s %s IS %L', r.kind, r.name, r.described);
        END IF;
        FOR told IN SELECT t.key, t.value FROM jsonb_each_text(coalesce(r.columns_described, '{}')) AS t LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', r.name, told.key, told.value);
        END LOOP;
    END LOOP;
END
$$;
DROP TABLE reader;

SELECT meta.grant_roles();

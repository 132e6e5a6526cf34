-- Purpose: what the operations centre looks at beside dossiers and indicators: documents, investment, tasks,
-- enterprises, population and social, changes of status. Small, materialised, each with its grain.
CREATE MATERIALIZED VIEW mart.dossier_event_month AS
SELECT
    a.agency_code,
    date_trunc('month', d.calendar_date::timestamp)::date AS month_start,
    f.from_status_code,
    f.status_code,
    count(*) AS changes
FROM dw.fact_dossier_event AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON f.changed_date_key = d.date_key
WHERE d.date_key > 0
GROUP BY a.agency_code, date_trunc('month', d.calendar_date::timestamp), f.from_status_code, f.status_code;
CREATE UNIQUE INDEX dossier_event_month_key
ON mart.dossier_event_month (agency_code, month_start, from_status_code, status_code);
COMMENT ON MATERIALIZED VIEW mart.dossier_event_month IS
'Grain: one row per agency, month and change of status that a night saw. Chuyển trạng thái hồ sơ.';

CREATE MATERIALIZED VIEW mart.document_month AS
WITH side AS (
    SELECT
        f.sender_agency_key AS agency_key,
        date_trunc('month', f.sent_at)::date AS month_start,
        count(*) AS sent,
        0 AS received,
        0 AS refused,
        0 AS done,
        0 AS timed,
        0::numeric AS hours_to_receipt
    FROM dw.fact_electronic_document AS f
    GROUP BY f.sender_agency_key, date_trunc('month', f.sent_at)
    UNION ALL
    SELECT
        f.receiver_agency_key,
        date_trunc('month', f.sent_at)::date,
        0,
        count(*),
        count(*) FILTER (WHERE f.status_code = '02'),
        count(*) FILTER (WHERE f.status_code = '06'),
        count(f.received_at),
        coalesce(sum(extract(EPOCH FROM f.received_at - f.sent_at)) / 3600, 0)
    FROM dw.fact_electronic_document AS f
    GROUP BY f.receiver_agency_key, date_trunc('month', f.sent_at)
)

SELECT
    a.agency_code,
    max(a.name_vi) AS agency_name,
    s.month_start,
    sum(s.sent)::bigint AS documents_sent,
    sum(s.received)::bigint AS documents_received,
    sum(s.refused)::bigint AS documents_refused,
    sum(s.done)::bigint AS documents_done,
    sum(s.timed)::bigint AS documents_timed,
    round(sum(s.hours_to_receipt), 2) AS hours_to_receipt
FROM side AS s
INNER JOIN dw.dim_agency AS a ON s.agency_key = a.agency_key
GROUP BY a.agency_code, s.month_start;
CREATE UNIQUE INDEX document_month_key ON mart.document_month (agency_code, month_start);
CREATE INDEX document_month_month ON mart.document_month (month_start);
COMMENT ON MATERIALIZED VIEW mart.document_month IS
'Grain: one row per agency and month of sending. Văn bản điện tử gửi, nhận. hours_to_receipt is the sum over
documents_timed; divide to have the mean.';

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
        AS cumulative_percent
FROM paid AS p
LEFT JOIN dw.dim_investment_project AS n ON p.project_code = n.project_code AND n.is_current
WINDOW running AS (PARTITION BY p.project_code ORDER BY p.month_start);
CREATE UNIQUE INDEX investment_month_key ON mart.investment_month (project_code, month_start);
COMMENT ON MATERIALIZED VIEW mart.investment_month IS
'Grain: one row per project and month with a payment; deleted vouchers left out. Giải ngân và lũy kế.';

CREATE MATERIALIZED VIEW mart.enterprise_state AS
SELECT
    e.unit_key,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    e.entity_type_code,
    e.status_code,
    coalesce(e.sector_version, '') AS sector_version,
    coalesce(left(e.sector_code, 2), '') AS sector_code,
    count(*) AS enterprises,
    sum(e.charter_capital_vnd) / 1000000 AS charter_capital_million_vnd
FROM dw.dim_enterprise AS e
INNER JOIN dw.dim_administrative_unit AS u ON e.unit_key = u.unit_key
WHERE e.is_current AND e.enterprise_key > 0
GROUP BY
    e.unit_key, u.unit_code, u.name_vi, e.entity_type_code, e.status_code, coalesce(e.sector_version, ''),
    coalesce(left(e.sector_code, 2), '');
CREATE UNIQUE INDEX enterprise_state_key
ON mart.enterprise_state (
    unit_key, entity_type_code, status_code, sector_version, sector_code
);
COMMENT ON MATERIALIZED VIEW mart.enterprise_state IS
'Grain: one row per commune, kind of entity, status and sector (VSIC, two digits, with its edition); as of the
last load. Doanh nghiệp, hộ kinh doanh hiện có.';

CREATE MATERIALIZED VIEW mart.enterprise_event_month AS
SELECT
    f.unit_key,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    date_trunc('month', d.calendar_date::timestamp)::date AS month_start,
    f.event_type_code,
    count(*) AS events,
    sum(f.charter_capital_vnd) / 1000000 AS charter_capital_million_vnd
FROM dw.fact_enterprise_event AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
INNER JOIN dw.dim_date AS d ON f.effective_date_key = d.date_key
WHERE d.date_key > 0
GROUP BY
    f.unit_key, u.unit_code, u.name_vi, date_trunc('month', d.calendar_date::timestamp), f.event_type_code;
CREATE UNIQUE INDEX enterprise_event_month_key
ON mart.enterprise_event_month (unit_key, month_start, event_type_code);
CREATE INDEX enterprise_event_month_month ON mart.enterprise_event_month (month_start);
COMMENT ON MATERIALIZED VIEW mart.enterprise_event_month IS
'Grain: one row per commune, month and kind of event (DK, TD, TN, HD, GT). Biến động đăng ký kinh doanh.';

CREATE MATERIALIZED VIEW mart.social_month AS
WITH school AS (
    SELECT
        s.unit_key,
        s.period_code,
        count(*) AS schools,
        sum(s.class_count)::bigint AS classes,
        sum(s.student_count)::bigint AS students,
        sum(s.girl_count)::bigint AS girls,
        sum(s.teacher_count)::bigint AS teachers
    FROM dw.fact_school_month AS s
    GROUP BY s.unit_key, s.period_code
),

cashless AS (
    SELECT
        c.unit_key,
        c.period_code,
        sum(c.transaction_count)::bigint AS cashless_transactions,
        max(c.total_count) AS transactions
    FROM dw.fact_cashless_payment AS c
    GROUP BY c.unit_key, c.period_code
),

known AS (
    SELECT
        p.unit_key,
        p.period_code
    FROM dw.fact_population AS p
    UNION
    SELECT
        s.unit_key,
        s.period_code
    FROM school AS s
    UNION
    SELECT
        c.unit_key,
        c.period_code
    FROM cashless AS c
)

SELECT
    k.unit_key,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    k.period_code,
    to_date(replace(k.period_code, 'M', ''), 'YYYY-MM') AS month_start,
    p.household_count AS households,
    p.population_count AS population,
    p.female_count AS women,
    p.birth_count AS births,
    p.death_count AS deaths,
    s.schools,
    s.classes,
    s.students,
    s.girls,
    s.teachers,
    c.cashless_transactions,
    c.transactions
FROM known AS k
INNER JOIN dw.dim_administrative_unit AS u ON k.unit_key = u.unit_key
LEFT JOIN dw.fact_population AS p ON k.unit_key = p.unit_key AND k.period_code = p.period_code
LEFT JOIN school AS s ON k.unit_key = s.unit_key AND k.period_code = s.period_code
LEFT JOIN cashless AS c ON k.unit_key = c.unit_key AND k.period_code = c.period_code;
CREATE UNIQUE INDEX social_month_key ON mart.social_month (unit_key, period_code);
CREATE INDEX social_month_month ON mart.social_month (month_start);
COMMENT ON MATERIALIZED VIEW mart.social_month IS
'Grain: one row per commune and month. Dân số, trường học, thanh toán không dùng tiền mặt. Counts of people
are those at the end of the month: communes add up, months do not. NULL: nothing was said for the month.';

CREATE MATERIALIZED VIEW mart.health_state AS
SELECT
    f.unit_key,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    count(*) AS health_records,
    count(*) FILTER (WHERE f.has_insurance) AS insured,
    count(*) FILTER (WHERE f.health_class <= 2) AS in_good_health
FROM dw.fact_health_record AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
GROUP BY f.unit_key, u.unit_code, u.name_vi;
CREATE UNIQUE INDEX health_state_key ON mart.health_state (unit_key);
COMMENT ON MATERIALIZED VIEW mart.health_state IS
'Grain: one row per commune, as of the last load; counts of people, nobody by himself. Hồ sơ sức khỏe.';

CREATE MATERIALIZED VIEW mart.land_state AS
SELECT
    f.unit_key,
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    f.land_use_code,
    count(*) AS parcels,
    sum(f.area_m2) AS area_m2,
    count(*) FILTER (WHERE f.has_certificate) AS certified
FROM dw.fact_land_parcel AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
WHERE NOT f.is_deleted
GROUP BY f.unit_key, u.unit_code, u.name_vi, f.land_use_code;
CREATE UNIQUE INDEX land_state_key ON mart.land_state (unit_key, land_use_code);
COMMENT ON MATERIALIZED VIEW mart.land_state IS
'Grain: one row per commune and kind of land, as of the last load. Thửa đất theo loại đất.';

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
    t.deadline_date < m.last_day AND coalesce(p.status_code, '') <> 'HT' AS is_overdue
FROM dw.dim_plan_task AS t
CROSS JOIN meta.mart_state AS m
LEFT JOIN progress AS p ON t.task_key = p.task_key
LEFT JOIN reporters AS r ON t.task_key = r.task_key
LEFT JOIN status AS s ON t.task_key = s.task_key
WHERE t.task_key > 0;
CREATE UNIQUE INDEX task_state_key ON mart.task_state (task_key);
COMMENT ON MATERIALIZED VIEW mart.task_state IS
'Grain: one row per plan task, with its last report of progress. Nhiệm vụ của kế hoạch. is_overdue: past its
deadline and not reported as done; NULL where the deadline is not a day.';

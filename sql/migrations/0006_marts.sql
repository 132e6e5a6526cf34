-- Purpose: what people, the operations centre and the open-data portal read. Each states its grain.
CREATE MATERIALIZED VIEW mart.dossier_by_agency AS
SELECT
    a.agency_code,
    a.name_vi AS agency_name,
    d.year,
    d.month,
    count(*) AS received,
    count(*) FILTER (WHERE f.finished_at IS NOT NULL) AS finished,
    count(*) FILTER (WHERE f.is_on_time) AS finished_on_time,
    count(*) FILTER (WHERE f.finished_at IS NULL AND f.status_code NOT IN ('3', '7', '8'))
        AS still_open,
    count(*) FILTER (WHERE f.channel_code = '2') AS received_online
FROM dw.fact_dossier AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON f.received_date_key = d.date_key
GROUP BY a.agency_code, a.name_vi, d.year, d.month;
CREATE UNIQUE INDEX dossier_by_agency_key ON mart.dossier_by_agency (agency_code, year, month);
COMMENT ON MATERIALIZED VIEW mart.dossier_by_agency IS 'Grain: one row per agency and month of receipt.';

CREATE MATERIALIZED VIEW mart.dossier_overdue AS
SELECT
    a.agency_code,
    a.name_vi AS agency_name,
    d.calendar_date AS due_on,
    count(*) AS dossiers
FROM dw.fact_dossier AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON f.due_date_key = d.date_key
WHERE f.finished_at IS NULL AND f.status_code NOT IN ('3', '7', '8') AND d.date_key > 0
GROUP BY a.agency_code, a.name_vi, d.calendar_date;
CREATE UNIQUE INDEX dossier_overdue_key ON mart.dossier_overdue (agency_code, due_on);
COMMENT ON MATERIALIZED VIEW mart.dossier_overdue IS
'Grain: one row per agency and due day; open dossiers only. Overdue on day D: due_on < D.';

CREATE VIEW mart.indicator_value AS
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
    v.submitted_at
FROM dw.fact_indicator_value AS v
INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
WHERE v.is_current;
COMMENT ON VIEW mart.indicator_value IS
'Grain: one row per indicator, agency, commune and period; the current revision.';

CREATE VIEW mart.indicator_target AS
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
    t.source_place
FROM dw.fact_indicator_target AS t
INNER JOIN dw.dim_indicator AS i ON t.indicator_key = i.indicator_key;
COMMENT ON VIEW mart.indicator_target IS
'Grain: one row per indicator, year and document. A target belongs to its plan and province alone.';

CREATE VIEW mart.plan_task AS
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
    t.source_place
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
COMMENT ON VIEW mart.plan_task IS 'Grain: one row per plan task, in its latest status.';

CREATE VIEW mart.disbursement_by_project AS
SELECT
    p.project_code,
    p.name_vi AS project_name,
    p.total_investment_million_vnd,
    f.budget_year,
    count(*) AS vouchers,
    sum(f.amount_vnd) / 1000000 AS disbursed_million_vnd
FROM dw.fact_disbursement AS f
INNER JOIN dw.dim_investment_project AS p ON f.project_key = p.project_key
WHERE NOT f.is_deleted
GROUP BY p.project_code, p.name_vi, p.total_investment_million_vnd, f.budget_year;
COMMENT ON VIEW mart.disbursement_by_project IS
'Grain: one row per project and budget year; deleted vouchers left out.';

CREATE VIEW mart.quality_score AS
SELECT
    s.as_of,
    s.dataset,
    s.agency_code,
    a.name_vi AS agency_name,
    s.principle,
    p.title_vi AS principle_title,
    s.score,
    s.evaluated,
    s.failed,
    s.rules
FROM dq.score AS s
INNER JOIN dq.principle AS p ON s.principle = p.principle
LEFT JOIN dw.dim_agency AS a ON s.agency_code = a.agency_code AND a.is_current;
COMMENT ON VIEW mart.quality_score IS
'Grain: one row per day, dataset, agency and principle; an empty agency is evidence about the platform.';

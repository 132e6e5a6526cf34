-- Purpose: facts that agencies and indicator feeds report month by month, each with its grain.
CREATE TABLE dw.fact_plan_task_progress (
    task_key integer NOT NULL REFERENCES dw.dim_plan_task (task_key),
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    period_code text NOT NULL,
    month_start_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    percent_done numeric(7, 2) NOT NULL,
    status_code text NOT NULL,
    note_vi text,
    expected_finish_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    submitted_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (task_key, agency_key, period_code)
);
COMMENT ON TABLE dw.fact_plan_task_progress IS
'Grain: one row per plan task, reporting agency and month; the latest report of that month.';
COMMENT ON COLUMN dw.fact_plan_task_progress.status_code IS 'CTH not begun, DTH under way, HT done.';

CREATE TABLE dw.fact_digital_signature (
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    period_code text NOT NULL,
    month_start_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key),
    staff_count bigint NOT NULL,
    issued_count bigint NOT NULL,
    active_count bigint NOT NULL,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (agency_key, period_code)
);
COMMENT ON TABLE dw.fact_digital_signature IS
'Grain: one row per agency and month; counts are those at the end of the month, so months do not add up.';

CREATE TABLE dw.fact_cashless_payment (
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key),
    period_code text NOT NULL,
    channel_code text NOT NULL,
    month_start_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    transaction_count bigint NOT NULL,
    total_count bigint NOT NULL,
    amount_million_vnd numeric(20, 2) NOT NULL,
    reported_share_percent numeric(7, 2),
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (unit_key, period_code, channel_code)
);
COMMENT ON TABLE dw.fact_cashless_payment IS
'Grain: one row per commune, month and channel. total_count is that of the commune and month.';

CREATE VIEW mart.plan_task_progress AS
SELECT
    t.task_code,
    t.name_vi AS task_name,
    a.agency_code,
    a.name_vi AS agency_name,
    f.period_code,
    f.percent_done,
    f.status_code,
    d.calendar_date AS expected_finish_on,
    t.deadline_date,
    f.submitted_at
FROM dw.fact_plan_task_progress AS f
INNER JOIN dw.dim_plan_task AS t ON f.task_key = t.task_key
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON f.expected_finish_date_key = d.date_key;
COMMENT ON VIEW mart.plan_task_progress IS 'Grain: one row per plan task, agency and month.';

CREATE VIEW mart.digital_signature AS
SELECT
    a.agency_code,
    a.name_vi AS agency_name,
    u.unit_code AS commune_code,
    f.period_code,
    f.staff_count,
    f.issued_count,
    f.active_count,
    round(100.0 * f.issued_count / nullif(f.staff_count, 0), 2) AS issued_percent,
    round(100.0 * f.active_count / nullif(f.staff_count, 0), 2) AS active_percent
FROM dw.fact_digital_signature AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key;
COMMENT ON VIEW mart.digital_signature IS 'Grain: one row per agency and month.';

CREATE VIEW mart.cashless_payment AS
SELECT
    u.unit_code AS commune_code,
    u.name_vi AS commune_name,
    f.period_code,
    sum(f.transaction_count) AS transaction_count,
    max(f.total_count) AS total_count,
    sum(f.amount_million_vnd) AS amount_million_vnd,
    round(100.0 * sum(f.transaction_count) / nullif(max(f.total_count), 0), 2) AS share_percent
FROM dw.fact_cashless_payment AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
GROUP BY u.unit_code, u.name_vi, f.period_code;
COMMENT ON VIEW mart.cashless_payment IS
'Grain: one row per commune and month, all channels; the share is computed, not the reported one.';

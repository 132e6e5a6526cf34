-- Purpose: the facts of the star, each with its grain in one sentence.
-- fact_dossier takes millions of rows a night: its foreign keys are declared NOT ENFORCED, the load
-- resolves every key by join and then proves in the same transaction that each one resolves.
CREATE TABLE dw.fact_dossier (
    dossier_code text PRIMARY KEY,
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key) NOT ENFORCED,
    procedure_key integer NOT NULL REFERENCES dw.dim_procedure (procedure_key) NOT ENFORCED,
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key) NOT ENFORCED,
    received_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    due_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    finished_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    returned_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    batch_key integer NOT NULL,
    document_count integer,
    supplement_count integer,
    result_count integer,
    is_on_time boolean,
    received_at timestamp NOT NULL,
    due_at timestamp,
    finished_at timestamp,
    returned_at timestamp,
    source_updated_at timestamp NOT NULL,
    fee_amount_vnd numeric(18, 2),
    status_code text NOT NULL,
    channel_code text,
    submission_form_code text,
    applicant_type_code text
);
COMMENT ON TABLE dw.fact_dossier IS
'Grain: one row per dossier, in its latest state (accumulating snapshot).';
COMMENT ON COLUMN dw.fact_dossier.is_on_time IS
'QĐ 766/QĐ-TTg: finished no later than due, and not more than one supplement request; NULL while open.';

CREATE TABLE dw.fact_indicator_value (
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    indicator_key integer NOT NULL REFERENCES dw.dim_indicator (indicator_key),
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key),
    period_code text NOT NULL,
    revision_number integer NOT NULL,
    period_end_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    indicator_value numeric(20, 4) NOT NULL,
    numerator numeric(20, 4),
    denominator numeric(20, 4),
    unit_code text,
    submitted_at timestamp NOT NULL,
    is_current boolean NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (agency_key, indicator_key, unit_key, period_code, revision_number)
);
COMMENT ON TABLE dw.fact_indicator_value IS
'Grain: one row per agency, indicator, commune, period and revision; is_current marks the last revision.';

CREATE TABLE dw.fact_indicator_target (
    target_code text PRIMARY KEY,
    indicator_key integer NOT NULL REFERENCES dw.dim_indicator (indicator_key),
    target_year smallint NOT NULL,
    target_raw text NOT NULL,
    comparator text NOT NULL,
    target_low numeric,
    target_high numeric,
    unit_code text,
    note_vi text,
    plan_code text NOT NULL,
    province_code text NOT NULL,
    source_document text NOT NULL,
    source_date date,
    source_place text NOT NULL,
    batch_key integer NOT NULL
);
COMMENT ON TABLE dw.fact_indicator_target IS
'Grain: one row per indicator, target year and document; a prose target keeps its words and has no number.';

CREATE TABLE dw.fact_task_status (
    task_key integer NOT NULL REFERENCES dw.dim_plan_task (task_key),
    status_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    status_code text NOT NULL,
    due_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    batch_key integer NOT NULL,
    PRIMARY KEY (task_key, status_date_key, status_code)
);
COMMENT ON TABLE dw.fact_task_status IS
'Grain: one row per plan task and change of status; the plan itself assigns.';

CREATE TABLE dw.fact_disbursement (
    voucher_code text PRIMARY KEY,
    project_key integer NOT NULL REFERENCES dw.dim_investment_project (project_key),
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    disbursed_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    budget_year smallint,
    amount_vnd numeric(20, 2) NOT NULL,
    fund_source_code text NOT NULL,
    is_deleted boolean NOT NULL DEFAULT FALSE,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL
);
COMMENT ON TABLE dw.fact_disbursement IS
'Grain: one row per voucher; a voucher deleted at the source stays, marked is_deleted.';

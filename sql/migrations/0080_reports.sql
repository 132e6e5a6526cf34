-- Purpose: a report is a document with a life: drafted, decided on by a person, numbered, kept, sent.
CREATE TABLE dq.report (
    report_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('daily', 'monthly', 'quarterly')),
    as_of date NOT NULL,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'rejected', 'superseded')),
    revises integer REFERENCES dq.report (report_id),
    data_sha256 text NOT NULL,
    document text NOT NULL,
    drafted_at timestamptz NOT NULL DEFAULT now(),
    decided_by text,
    decided_at timestamptz,
    reason text,
    via text CHECK (via IN ('airflow', 'command line')),
    number_year smallint,
    number integer CHECK (number > 0),
    signed_on date,
    files jsonb,
    UNIQUE (number_year, number),
    CHECK ((state = 'draft') = (decided_at IS NULL)),
    CHECK ((state IN ('approved', 'superseded')) = (number IS NOT NULL)),
    CHECK ((number IS NULL) = (number_year IS NULL) AND (number IS NULL) = (files IS NULL))
);
CREATE UNIQUE INDEX report_draft ON dq.report (kind, as_of) WHERE state = 'draft';
CREATE UNIQUE INDEX report_in_force ON dq.report (kind, as_of) WHERE state = 'approved';
COMMENT ON TABLE dq.report IS
'Drafts and reports. What is approved is never changed: a revision is a new number.';
COMMENT ON COLUMN dq.report.document IS
'Everything that the files show, as JSON: the same text gives the same files.';
COMMENT ON COLUMN dq.report.files IS 'The sha256 of each file of the archive.';

CREATE TABLE dq.report_number (
    number_year smallint PRIMARY KEY,
    last integer NOT NULL CHECK (last > 0)
);
COMMENT ON TABLE dq.report_number IS
'The last number given in each year. It is taken in the transaction that approves, so there is no gap.';

CREATE TABLE dq.report_mail (
    report_id integer NOT NULL REFERENCES dq.report (report_id),
    recipient text NOT NULL,
    agency_code text NOT NULL,
    state text NOT NULL CHECK (state IN ('sending', 'sent', 'failed')),
    message_id text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    attempted_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    error text,
    PRIMARY KEY (report_id, recipient, agency_code),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
COMMENT ON TABLE dq.report_mail IS
'A row is written before a mail is handed over, and changed after; at sending, it was cut off in between.';
COMMENT ON COLUMN dq.report_mail.agency_code IS 'Whose extract it is; empty for the whole report.';

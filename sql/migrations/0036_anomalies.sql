-- Purpose: what each loaded batch looked like, and what in it was unlike the nights before.
-- Grain: one profile per batch and agency ('' is the whole batch); one anomaly per dataset, agency, metric
-- and night. Nothing here stops a load or counts against an agency until somebody says it is a defect.
CREATE TABLE dq.profile (
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    agency_code text NOT NULL,
    dataset text NOT NULL,
    as_of date NOT NULL,
    scope text NOT NULL,
    row_count bigint NOT NULL,
    metrics jsonb NOT NULL,
    profiled_at timestamptz NOT NULL DEFAULT now(),
    looked_at timestamptz,
    PRIMARY KEY (batch_id, agency_code)
);
CREATE INDEX profile_by_night ON dq.profile (dataset, as_of, agency_code);
COMMENT ON TABLE dq.profile IS
'Measures of the rows that each batch loaded, written in the transaction of the load; replays have none.';
COMMENT ON COLUMN dq.profile.scope IS
'What the batch covers: so many days of changes, changes of a table, files, all. Like is compared with like.';
COMMENT ON COLUMN dq.profile.metrics IS
'By metric (nulls:fee_amount_vnd, share:status_code=9, …) its value, and of how many rows it is.';
COMMENT ON COLUMN dq.profile.looked_at IS
'When the batch was compared with earlier nights; empty until then, and of agencies.';

CREATE TABLE dq.anomaly (
    anomaly_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    agency_code text NOT NULL,
    metric text NOT NULL,
    as_of date NOT NULL,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    kind text NOT NULL CHECK (kind IN ('volume', 'nulls', 'distribution', 'share', 'indicator')),
    season text NOT NULL,
    value double precision NOT NULL,
    center double precision NOT NULL,
    low double precision NOT NULL,
    high double precision NOT NULL,
    evidence jsonb NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'expected', 'defect', 'withdrawn')),
    found_at timestamptz NOT NULL DEFAULT now(),
    judged_by text,
    judged_at timestamptz,
    reason text,
    earlier_verdicts jsonb NOT NULL DEFAULT '[]',
    UNIQUE (dataset, agency_code, metric, as_of),
    CHECK ((status IN ('expected', 'defect')) = (judged_by IS NOT NULL AND reason IS NOT NULL))
);
CREATE INDEX anomaly_open ON dq.anomaly (as_of) WHERE status = 'open';
COMMENT ON TABLE dq.anomaly IS
'Values unlike those of comparable nights. expected widens what is usual; a defect never becomes usual.';
COMMENT ON COLUMN dq.anomaly.status IS
'withdrawn: the night was run again and the value is gone, and nobody had judged it.';

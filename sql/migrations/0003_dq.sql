-- Purpose: what is known of the quality of each batch, and the rows that wait for their owner.
CREATE TABLE dq.principle (
    principle text PRIMARY KEY,
    position smallint NOT NULL,
    title_vi text NOT NULL
);
INSERT INTO dq.principle (principle, position, title_vi) VALUES
('correct', 1, 'Đúng'),
('complete', 2, 'Đủ'),
('clean', 3, 'Sạch'),
('live', 4, 'Sống'),
('unified', 5, 'Thống nhất'),
('synchronised', 6, 'Đồng bộ'),
('connected', 7, 'Kết nối'),
('shared', 8, 'Dùng chung');

CREATE TABLE dq.rule (
    dataset text NOT NULL,
    rule_id text NOT NULL,
    principle text NOT NULL REFERENCES dq.principle (principle),
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    title_vi text NOT NULL,
    remedy_vi text NOT NULL,
    PRIMARY KEY (dataset, rule_id)
);
COMMENT ON TABLE dq.rule IS 'A copy of the suites for readers of the results; the suites are the source.';

CREATE TABLE dq.rule_result (
    dataset text NOT NULL,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    rule_id text NOT NULL,
    principle text NOT NULL REFERENCES dq.principle (principle),
    severity text NOT NULL,
    agency_code text NOT NULL,
    evaluated bigint NOT NULL,
    failed bigint NOT NULL CHECK (failed BETWEEN 0 AND evaluated),
    PRIMARY KEY (batch_id, rule_id, agency_code)
);
COMMENT ON COLUMN dq.rule_result.agency_code IS
'The agency whose rows were judged; empty where a row names none.';

CREATE TABLE dq.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    business_key text NOT NULL,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    failed_rules text[] NOT NULL CHECK (cardinality(failed_rules) > 0),
    raw jsonb NOT NULL,
    raw_md5 text NOT NULL,
    agency_code text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'waived')),
    first_seen_on date NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    resolved_at timestamptz,
    resolved_batch_id text REFERENCES meta.batch (batch_id),
    waived_by text,
    waived_reason text,
    CHECK ((status = 'resolved') = (resolved_batch_id IS NOT NULL))
);
COMMENT ON TABLE dq.quarantine IS
'Rows that broke a critical rule, as received. A row is never deleted here: it is resolved or waived.';
CREATE UNIQUE INDEX quarantine_unsettled ON dq.quarantine (dataset, business_key, raw_md5)
WHERE status <> 'resolved';
CREATE INDEX quarantine_batch ON dq.quarantine (last_seen_batch_id);

CREATE TABLE dq.reconciliation (
    dataset text NOT NULL,
    batch_id text PRIMARY KEY REFERENCES meta.batch (batch_id),
    declared bigint,
    fetched bigint NOT NULL,
    duplicates bigint NOT NULL,
    quarantined bigint NOT NULL,
    accepted bigint NOT NULL,
    loaded bigint NOT NULL,
    balanced boolean NOT NULL GENERATED ALWAYS AS (
        fetched = accepted + quarantined + duplicates
        AND accepted = loaded
        AND fetched = coalesce(declared, fetched)
    ) STORED
);

CREATE TABLE dq.score (
    as_of date NOT NULL,
    dataset text NOT NULL,
    agency_code text NOT NULL,
    principle text NOT NULL REFERENCES dq.principle (principle),
    score numeric(5, 2) NOT NULL CHECK (score BETWEEN 0 AND 100),
    evaluated bigint NOT NULL CHECK (evaluated > 0),
    failed bigint NOT NULL,
    rules integer NOT NULL CHECK (rules > 0),
    PRIMARY KEY (as_of, dataset, agency_code, principle)
);
COMMENT ON TABLE dq.score IS
'Score = 100 x passed / evaluated over the rules of a principle; a principle without evidence has no row.';

CREATE TABLE dq.submission (
    dataset text NOT NULL,
    agency_code text NOT NULL,
    period_code text NOT NULL,
    due_on date NOT NULL,
    first_submitted_at timestamp,
    PRIMARY KEY (dataset, agency_code, period_code)
);

-- Purpose: a batch that is not fit to load may be let through by a person, who saw why. The decision holds
-- for what was seen and for nothing else: this content, under this contract and suite, with this score.
CREATE TABLE dq.gate (
    batch_id text PRIMARY KEY REFERENCES meta.batch (batch_id),
    dataset text NOT NULL,
    as_of date NOT NULL,
    blocked_at timestamptz NOT NULL DEFAULT now(),
    content_sha256 text NOT NULL,
    contract_version text NOT NULL,
    suite_sha256 text NOT NULL,
    score numeric(5, 2) NOT NULL CHECK (score BETWEEN 0 AND 100),
    reasons text[] NOT NULL CHECK (cardinality(reasons) > 0),
    fetched bigint NOT NULL,
    rejected bigint NOT NULL,
    examples jsonb NOT NULL,
    fingerprint text NOT NULL
);
COMMENT ON TABLE dq.gate IS 'Why a batch is not fit to load; judging it again replaces what was said before.';
COMMENT ON COLUMN dq.gate.suite_sha256 IS 'Checksum of the contract and the suite.';
COMMENT ON COLUMN dq.gate.examples IS 'A few rejected records, masked.';
COMMENT ON COLUMN dq.gate.fingerprint IS 'Checksum of everything that a decision is bound to.';

CREATE TABLE dq.gate_decision (
    decision_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    fingerprint text NOT NULL,
    content_sha256 text NOT NULL,
    contract_version text NOT NULL,
    suite_sha256 text NOT NULL,
    score numeric(5, 2) NOT NULL,
    decision text NOT NULL CHECK (decision IN ('approved', 'rejected', 'timed_out')),
    decided_by text NOT NULL,
    reason text NOT NULL,
    via text NOT NULL CHECK (via IN ('airflow', 'command line')),
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX gate_decision_of_a_person ON dq.gate_decision (batch_id, fingerprint)
WHERE decision <> 'timed_out';
COMMENT ON TABLE dq.gate_decision IS
'Who let a batch through or not, when, why, and what exactly was decided on. Nothing here is ever changed.';

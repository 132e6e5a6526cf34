-- Purpose: every value that was corrected by hand, in every batch. Grain: batch and correction.
CREATE TABLE dq.correction_applied (
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    correction_id text NOT NULL,
    dataset text NOT NULL,
    business_key text NOT NULL,
    column_name text NOT NULL,
    from_value text,
    to_value text NOT NULL,
    rows bigint NOT NULL CHECK (rows > 0),
    why text NOT NULL,
    reported_to text NOT NULL,
    by_whom text NOT NULL,
    corrected_on date NOT NULL,
    valid_until date NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, correction_id)
);
COMMENT ON TABLE dq.correction_applied IS
'Spot fixes of include/corrections, applied while a batch was staged. The raw zone has what came.';

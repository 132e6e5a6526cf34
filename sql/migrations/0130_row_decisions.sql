-- Purpose: which rows of a batch its load left out, by their numbers in the raw zone. A rebuild leaves out
-- the same ones: what was decided on a night hung on that night's rules, code lists and values before, which
-- are others by now. Grain: batch and row that was rejected, or set aside: a later night had it newer.
CREATE TABLE meta.row_decision (
    batch_key integer NOT NULL REFERENCES meta.batch (batch_key) ON DELETE CASCADE,
    row_number bigint NOT NULL,
    decision text NOT NULL CHECK (decision IN ('rejected', 'set_aside')),
    PRIMARY KEY (batch_key, row_number)
);
COMMENT ON TABLE meta.row_decision IS
'Grain: one row per batch and record that its load left out; row_number is its number in the raw zone.';

CREATE TABLE meta.rebuild (
    rebuild_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    first_night date,
    last_night date,
    started_by text NOT NULL,
    reason text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('unchanged', 'done', 'failed')),
    note text,
    batches integer,
    tables jsonb,
    CHECK ((finished_at IS NULL) = (outcome IS NULL)),
    CHECK ((first_night IS NULL) = (last_night IS NULL))
);
COMMENT ON TABLE meta.rebuild IS
'Grain: one row per rebuild of a dataset, or of the nights from first to last, out of the raw zone.';
COMMENT ON COLUMN meta.rebuild.tables IS
'By table: rows that were the same, missing, surplus, changed; and surplus rows that others point to.';

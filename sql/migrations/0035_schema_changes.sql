-- Purpose: how the columns of each source came to differ from its contract.
-- Grain: one row per change, however many nights show it.
CREATE TABLE meta.schema_change (
    change_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('added', 'missing', 'renamed', 'retyped')),
    column_name text NOT NULL,
    detail text NOT NULL,
    policy text NOT NULL CHECK (policy IN ('freeze', 'evolve', 'discard')),
    stops boolean NOT NULL,
    first_seen_on date NOT NULL,
    last_seen_on date NOT NULL,
    first_batch_id text REFERENCES meta.batch (batch_id),
    last_batch_id text REFERENCES meta.batch (batch_id),
    acknowledged_at timestamptz,
    acknowledged_by text,
    UNIQUE (dataset, kind, column_name, detail),
    CHECK (first_seen_on <= last_seen_on),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
COMMENT ON TABLE meta.schema_change IS
'Changes of sources against their contracts; a night that shows a change again only moves last_seen_on.';
COMMENT ON COLUMN meta.schema_change.column_name IS
'The name at the source; of a renamed column the old one.';
COMMENT ON COLUMN meta.schema_change.stops IS
'Whether the dataset could not be loaded because of it.';
COMMENT ON COLUMN meta.schema_change.first_batch_id IS
'Empty where the change stopped the extraction: no batch.';

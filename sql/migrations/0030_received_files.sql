-- Purpose: what became of every file that agencies dropped, and the refused ones that wait for their sender.
CREATE TABLE meta.received_file (
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    path text NOT NULL,
    dataset text NOT NULL,
    size_bytes bigint NOT NULL,
    modified_at timestamp NOT NULL,
    status text NOT NULL CHECK (status IN ('read', 'same', 'refused', 'not_ready')),
    sha256 text,
    stored text,
    submitter text,
    period text,
    version text,
    rows bigint NOT NULL,
    notes text[] NOT NULL,
    remarks text[] NOT NULL,
    PRIMARY KEY (batch_id, path)
);
CREATE INDEX received_file_dataset ON meta.received_file (dataset);
COMMENT ON TABLE meta.received_file IS
'Grain: one row per batch and file. A file counts as read once its batch is loaded; it is not read twice.';
COMMENT ON COLUMN meta.received_file.notes IS 'Cells without the value they should have, one by one.';
COMMENT ON COLUMN meta.received_file.remarks IS 'What was left out, and why.';

CREATE TABLE dq.rejected_file (
    rejected_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    path text NOT NULL,
    sha256 text NOT NULL,
    modified_at timestamp NOT NULL,
    submitter text,
    period text,
    reason text NOT NULL,
    message text NOT NULL,
    sheet text,
    cell text,
    title_vi text NOT NULL,
    remedy_vi text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'waived')),
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    last_seen_batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    first_seen_on date NOT NULL,
    resolved_at timestamptz,
    resolved_batch_id text REFERENCES meta.batch (batch_id),
    CHECK ((status = 'resolved') = (resolved_batch_id IS NOT NULL))
);
CREATE UNIQUE INDEX rejected_file_open ON dq.rejected_file (dataset, path, sha256) WHERE status <> 'resolved';
COMMENT ON TABLE dq.rejected_file IS
'Files that could not be read, with file, sheet, cell and reason. They are no rows: fetched counts the rows of
the files that were read. A file that is sent again and read closes the case of the one it replaces.';

-- Purpose: the ledger of batches. A batch whose status is 'loaded' is in the warehouse, wholly.
CREATE TABLE meta.batch (
    batch_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id text NOT NULL UNIQUE,
    dataset text NOT NULL,
    as_of date NOT NULL,
    status text NOT NULL CHECK (status IN ('landed', 'staged', 'validated', 'blocked', 'loaded')),
    content_sha256 text NOT NULL,
    contract_version text NOT NULL,
    window_from timestamp,
    window_to timestamp,
    declared bigint,
    fetched bigint NOT NULL,
    requests integer NOT NULL DEFAULT 0,
    failed_requests integer NOT NULL DEFAULT 0,
    raw_path text NOT NULL,
    note text,
    landed_at timestamptz NOT NULL DEFAULT now(),
    loaded_at timestamptz
);
CREATE INDEX batch_dataset_as_of ON meta.batch (dataset, as_of);

CREATE TABLE meta.watermark (
    dataset text NOT NULL,
    as_of date NOT NULL,
    value timestamp NOT NULL,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    advanced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, as_of)
);
COMMENT ON TABLE meta.watermark IS
'One row a night: a night that is run again starts from the watermark of the night before it.';
COMMENT ON COLUMN meta.watermark.value IS
'Everything that changed at the source before this local time has been asked for.';

-- How each dataset fared each night, also when nothing was loaded: the report must be able to say so.
CREATE TABLE meta.night (
    as_of date NOT NULL,
    dataset text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('loaded', 'unchanged', 'blocked', 'failed')),
    fault text,
    message text,
    next_step text,
    batch_id text REFERENCES meta.batch (batch_id),
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (as_of, dataset)
);

CREATE TABLE meta.freshness (
    dataset text PRIMARY KEY,
    newest timestamp
);
COMMENT ON TABLE meta.freshness IS 'The newest change seen from each source, in local time.';

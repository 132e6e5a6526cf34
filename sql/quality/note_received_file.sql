-- Purpose: write down what became of a file. Can run twice: a file that is noted stays as it is.
INSERT INTO meta.received_file (
    batch_id, path, dataset, size_bytes, modified_at, status, sha256, stored, submitter, period, version,
    rows, notes, remarks
)
VALUES (
    :batch_id,
    :path,
    :dataset,
    :size_bytes,
    :modified_at,
    :status,
    :sha256,
    :stored,
    :submitter,
    :period,
    :version,
    :rows,
    cast(:notes AS text[]), cast(:remarks AS text[])
)
ON CONFLICT (batch_id, path) DO NOTHING;

-- Purpose: enter a landed batch in the ledger. Can run twice: a batch that is there stays as it is.
INSERT INTO meta.batch (
    batch_id, dataset, as_of, status, content_sha256, contract_version, window_from, window_to,
    declared, fetched, requests, failed_requests, raw_path, replays,
    rejudges_day
)
VALUES (
    :batch_id,
    :dataset,
    :as_of,
    'landed',
    :content_sha256,
    :contract_version,
    :window_from,
    :window_to,
    :declared, :fetched, :requests, :failed_requests, :raw_path, :replays, :rejudges_day
)
ON CONFLICT (batch_id) DO NOTHING;

-- Purpose: what the ledger knows of a batch, with its count equation. Grain: one row, or none. It only reads.
SELECT
    b.batch_id,
    b.dataset,
    b.as_of,
    b.status,
    b.content_sha256,
    b.contract_version,
    b.window_from,
    b.window_to,
    b.requests,
    b.failed_requests,
    b.raw_path,
    b.landed_at,
    b.loaded_at,
    b.replays,
    b.declared,
    b.fetched,
    r.accepted,
    r.quarantined,
    r.duplicates,
    r.loaded,
    r.balanced
FROM meta.batch AS b
LEFT JOIN dq.reconciliation AS r ON b.batch_id = r.batch_id
WHERE b.batch_id = :batch_id;

-- Purpose: why a batch is not fit to load, and what a decision about it would be bound to. Grain: one row per
-- batch. Can run twice: judging a batch again replaces what was said before; the moment stays the first one.
INSERT INTO dq.gate AS g (
    batch_id, dataset, as_of, content_sha256, contract_version, suite_sha256, score, reasons, fetched,
    rejected, examples, fingerprint
)
VALUES (
    :batch_id,
    :dataset,
    :as_of,
    :content_sha256,
    :contract_version,
    :suite_sha256,
    :score,
    cast(:reasons AS text[]),
    :fetched,
    :rejected,
    cast(:examples AS jsonb),
    :fingerprint
)
ON CONFLICT (batch_id) DO UPDATE
    SET
        content_sha256 = excluded.content_sha256,
        contract_version = excluded.contract_version,
        suite_sha256 = excluded.suite_sha256,
        score = excluded.score,
        reasons = excluded.reasons,
        fetched = excluded.fetched,
        rejected = excluded.rejected,
        examples = excluded.examples,
        fingerprint = excluded.fingerprint;

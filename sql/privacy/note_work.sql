-- Purpose: remember which records are about the person while they are being erased. Can run twice.
INSERT INTO meta.erasure_work (erasure_id, dataset, business_key)
SELECT
    :erasure_id,
    :dataset,
    unnest(cast(:keys AS text[]))
ON CONFLICT DO NOTHING;

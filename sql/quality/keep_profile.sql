-- Purpose: what a batch looked like, one row per agency and one ('') for all of it.
-- Can run twice: a batch has one profile.
INSERT INTO dq.profile (batch_id, agency_code, dataset, as_of, scope, row_count, metrics)
SELECT
    :batch_id,
    p.agency_code,
    :dataset,
    cast(:as_of AS date),
    :scope,
    p.row_count,
    p.metrics
FROM
    unnest(
        cast(:agencies AS text[]), cast(:row_counts AS bigint[]), cast(:metrics AS jsonb[])
    ) AS p (agency_code, row_count, metrics)
ON CONFLICT (batch_id, agency_code) DO NOTHING;

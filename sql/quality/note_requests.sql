-- Purpose: keep how a source answered on a night. Grain: night, dataset, endpoint, purpose, outcome, status.
-- Can run twice: what a later run of the night says replaces what an earlier one said.
DELETE FROM dq.request_log
WHERE dataset = :dataset AND as_of = :as_of;

INSERT INTO dq.request_log (
    as_of, dataset, endpoint, purpose, outcome, status, requests, seconds, slowest_seconds, bytes
)
SELECT
    :as_of,
    :dataset,
    t.*
FROM unnest(
    cast(:endpoints AS text[]),
    cast(:purposes AS text[]),
    cast(:outcomes AS text[]),
    cast(:statuses AS integer[]),
    cast(:requests AS integer[]),
    cast(:seconds AS numeric[]),
    cast(:slowest AS numeric[]),
    cast(:bytes AS bigint[])
) AS t;

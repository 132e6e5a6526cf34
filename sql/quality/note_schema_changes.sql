-- Purpose: write down how a source's columns differ from its contract. Grain: dataset, kind, column, detail.
-- Can run twice: a change that is known is seen again, not written again.
INSERT INTO meta.schema_change AS c (
    dataset, kind, column_name, detail, policy, stops, first_seen_on, last_seen_on,
    first_batch_id, last_batch_id
)
SELECT
    :dataset,
    seen.kind,
    seen.column_name,
    seen.detail,
    :policy,
    seen.stops,
    :as_of,
    :as_of,
    :batch_id,
    :batch_id
FROM
    unnest(
        cast(:kinds AS text[]), cast(:columns AS text[]), cast(:details AS text[]), cast(:stops AS boolean[])
    ) AS seen (kind, column_name, detail, stops)
ON CONFLICT (dataset, kind, column_name, detail) DO UPDATE
    SET
        policy = excluded.policy,
        stops = excluded.stops,
        first_seen_on = least(c.first_seen_on, excluded.first_seen_on),
        last_seen_on = greatest(c.last_seen_on, excluded.last_seen_on),
        last_batch_id = coalesce(excluded.last_batch_id, c.last_batch_id);

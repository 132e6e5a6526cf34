-- Purpose: how an invariant was found on a night. Grain: night and invariant.
-- Can run twice: the last look counts.
INSERT INTO dq.invariant_result AS t (as_of, invariant, purpose, broken, relations, samples, seconds)
VALUES (
    :as_of, :invariant, :purpose, :broken, cast(:relations AS text[]), cast(:samples AS jsonb), :seconds
)
ON CONFLICT (as_of, invariant) DO UPDATE
    SET
        purpose = excluded.purpose,
        broken = excluded.broken,
        relations = excluded.relations,
        samples = excluded.samples,
        seconds = excluded.seconds,
        checked_at = excluded.checked_at;

-- Purpose: note that a cause stands; its open alert is opened if there is none. Grain: one row, the alert.
-- Can run twice: the second time only moves last_seen_at.
INSERT INTO meta.alert AS a (
    cause_key, kind, wording, owner, is_urgent, about, place, opened_at, last_seen_at
)
VALUES (
    :cause_key, :kind, :wording, :owner, :is_urgent, cast(:about AS jsonb), :place, :now, :now
)
ON CONFLICT (cause_key) WHERE resolved_at IS NULL DO UPDATE
    SET
        is_urgent = excluded.is_urgent,
        about = excluded.about,
        place = excluded.place,
        last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at)
RETURNING a.alert_id;

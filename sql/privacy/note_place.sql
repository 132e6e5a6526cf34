-- Purpose: keep how much of a person's data went from a place.
INSERT INTO meta.erasure_place (erasure_id, place, items)
VALUES (:erasure_id, :place, :items);

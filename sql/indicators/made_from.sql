-- Purpose: what the marts of dossiers would be made from tonight, and what they were made from.
-- Grain: one row. Can run twice: it only reads. Every load is a batch, also one that a person let through; a
-- rebuild is none.
SELECT
    concat_ws(
        ' ',
        (SELECT max(b.loaded_at) FROM meta.batch AS b),
        (SELECT max(r.finished_at) FROM meta.rebuild AS r WHERE r.outcome = 'done'),
        (SELECT c.made_from FROM meta.calendar_copy AS c)
    ) AS made_from,
    s.last_day,
    s.made_from AS was_made_from
FROM meta.mart_state AS s;

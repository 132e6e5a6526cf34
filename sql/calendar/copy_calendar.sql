-- Purpose: the warehouse's copy of the calendar of working days. Grain: a day.
-- Can run twice: the copy is what was handed in, whatever it was before.
DELETE FROM meta.holiday
WHERE day <> all(cast(:days AS date[]));

INSERT INTO meta.holiday AS t (day, name_vi)
SELECT u.*
FROM unnest(cast(:days AS date[]), cast(:names AS text[])) AS u
ON CONFLICT (day) DO UPDATE
    SET name_vi = excluded.name_vi
    WHERE t.name_vi <> excluded.name_vi;

DELETE FROM meta.makeup_working_day
WHERE day <> all(cast(:worked AS date[]));

INSERT INTO meta.makeup_working_day AS t (day, instead_of, source_vi)
SELECT u.*
FROM
    unnest(
        cast(:worked AS date[]), cast(:instead_of AS date[]), cast(:sources AS text[])
    ) AS u
ON CONFLICT (day) DO UPDATE
    SET instead_of = excluded.instead_of, source_vi = excluded.source_vi;

INSERT INTO meta.calendar_copy AS t (made_from)
VALUES (:made_from)
ON CONFLICT (only_row) DO UPDATE
    SET made_from = excluded.made_from;

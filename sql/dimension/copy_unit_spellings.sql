-- Purpose: how units are written and what they are worth, as conforming knows them. Grain: spelling.
-- Can run twice: the copy is what was handed in.
DELETE FROM dw.dim_unit_spelling
WHERE spelling <> all(cast(:spelling AS text[]));

INSERT INTO dw.dim_unit_spelling AS t (spelling, unit_code, multiplier)
SELECT u.*
FROM
    unnest(
        cast(:spelling AS text[]), cast(:unit_code AS text[]), cast(:multiplier AS numeric[])
    ) AS u
ON CONFLICT (spelling) DO UPDATE
    SET unit_code = excluded.unit_code, multiplier = excluded.multiplier
    WHERE (t.unit_code, t.multiplier) IS DISTINCT FROM (excluded.unit_code, excluded.multiplier);

-- Purpose: the sectors of each edition as the reference file has them. Grain: edition and code.
-- Can run twice: equal rows are left alone; a code that has left the file stays, enterprises may name it.
INSERT INTO dw.dim_sector AS t (
    sector_version, sector_code, sector_level, parent_code, name_vi, source_document, source_place
)
SELECT u.*
FROM
    unnest(
        cast(:version AS text[]), cast(:sector_code AS text[]), cast(:level AS smallint[]),
        cast(:parent_code AS text[]), cast(:name_vi AS text[]), cast(:source_document AS text[]),
        cast(:source_place AS text[])
    ) AS u
ON CONFLICT (sector_version, sector_code) DO UPDATE
    SET
        sector_level = excluded.sector_level,
        parent_code = excluded.parent_code,
        name_vi = excluded.name_vi,
        source_document = excluded.source_document,
        source_place = excluded.source_place
    WHERE
    (t.sector_level, t.parent_code, t.name_vi, t.source_document, t.source_place)
    IS DISTINCT FROM (
        excluded.sector_level, excluded.parent_code, excluded.name_vi, excluded.source_document,
        excluded.source_place
    );

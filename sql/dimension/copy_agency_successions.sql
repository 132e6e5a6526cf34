-- Purpose: which agency does the work of one that was dissolved. Grain: old agency, new agency, day.
-- Can run twice: the copy is what was handed in.
DELETE FROM dw.bridge_agency_succession AS t
WHERE
    NOT EXISTS (
        SELECT
        FROM
            unnest(
                cast(:old_agency_name AS text[]), cast(:new_agency_code AS text[]),
                cast(:effective_date AS date[])
            ) AS u (old_agency_name, new_agency_code, effective_date)
        WHERE
            t.old_agency_name = u.old_agency_name AND t.new_agency_code = u.new_agency_code
            AND t.effective_date = u.effective_date
    );

INSERT INTO dw.bridge_agency_succession AS t (
    old_agency_name, old_agency_code, new_agency_code, effective_date, succession_kind, source_document,
    source_place
)
SELECT u.*
FROM
    unnest(
        cast(:old_agency_name AS text[]), cast(:old_agency_code AS text[]), cast(:new_agency_code AS text[]),
        cast(:effective_date AS date[]), cast(:succession_kind AS text[]), cast(:source_document AS text[]),
        cast(:source_place AS text[])
    ) AS u
ON CONFLICT (old_agency_name, new_agency_code, effective_date) DO UPDATE
    SET
        old_agency_code = excluded.old_agency_code,
        succession_kind = excluded.succession_kind,
        source_document = excluded.source_document,
        source_place = excluded.source_place
    WHERE
    (t.old_agency_code, t.succession_kind, t.source_document, t.source_place)
    IS DISTINCT FROM (
        excluded.old_agency_code, excluded.succession_kind, excluded.source_document, excluded.source_place
    );

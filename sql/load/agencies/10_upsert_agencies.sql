-- Purpose: the agencies of the province, as they are now. Grain: agency code; the current version of each.
-- Can run twice: equal rows are left alone. What an agency is called for short and whether it has come back
-- is no matter of history. A member that only data had named is completed, and a version that came in tonight
-- is corrected: their rows stay the same ones. Whatever else changes begins a new version
-- (15_begin_versions.sql).
CREATE TEMPORARY TABLE seen_agency ON COMMIT DROP AS
SELECT
    s.*,
    c.agency_key,
    b.as_of,
    -- A day that the catalogue has not changed is older than the change, and says nothing of it.
    CASE
        WHEN s.valid_from <> c.stated_from AND s.valid_from > c.valid_from AND s.valid_from < b.as_of
            THEN s.valid_from
        ELSE b.as_of
    END AS begins_on,
    c.is_inferred OR c.valid_from >= b.as_of OR coalesce(k.as_of >= b.as_of, FALSE) AS in_place,
    row(c.name_vi, c.agency_type, c.parent_agency_code, c.administrative_unit_code)::text
    <> row(s.name_vi, s.agency_type, s.parent_agency_code, s.administrative_unit_code)::text AS differs
FROM accepted AS s
INNER JOIN meta.batch AS b ON b.batch_key = :batch_key
LEFT JOIN dw.dim_agency AS c ON s.agency_code = c.agency_code AND c.valid_to IS NULL
LEFT JOIN meta.batch AS k ON c.batch_key = k.batch_key;

INSERT INTO dw.dim_agency (
    agency_code, name_vi, short_name, agency_type, parent_agency_code, administrative_unit_code, stated_from,
    batch_key
)
SELECT
    s.agency_code,
    s.name_vi,
    s.short_name,
    s.agency_type,
    s.parent_agency_code,
    s.administrative_unit_code,
    s.valid_from,
    :batch_key
FROM seen_agency AS s
WHERE s.agency_key IS NULL
ORDER BY s.agency_code;

UPDATE dw.dim_agency AS t
SET
    name_vi = s.name_vi,
    agency_type = s.agency_type,
    parent_agency_code = s.parent_agency_code,
    administrative_unit_code = s.administrative_unit_code,
    batch_key = :batch_key
FROM seen_agency AS s
WHERE t.agency_key = s.agency_key AND s.in_place AND s.differs;

UPDATE dw.dim_agency AS t
SET
    short_name = s.short_name,
    stated_from = s.valid_from,
    is_inferred = FALSE,
    retired_on = NULL,
    batch_key = :batch_key
FROM seen_agency AS s
WHERE
    t.agency_key = s.agency_key
    AND (s.in_place OR NOT s.differs)
    AND (t.short_name, t.stated_from, t.is_inferred, t.retired_on)
    IS DISTINCT FROM (s.short_name, s.valid_from, FALSE, NULL::date);

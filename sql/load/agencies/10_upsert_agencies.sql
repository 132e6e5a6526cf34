-- Purpose: the agencies of the province. Grain: one row per agency code.
-- Can run twice: equal rows are left alone; an inferred row is completed, one that has
-- come back is in force again.
INSERT INTO dw.dim_agency AS t (
    agency_code,
    name_vi,
    short_name,
    agency_type,
    parent_agency_code,
    administrative_unit_code,
    batch_key
)
SELECT
    agency_code,
    name_vi,
    short_name,
    agency_type,
    parent_agency_code,
    administrative_unit_code,
    :batch_key
FROM accepted
ORDER BY agency_code
ON CONFLICT (agency_code, valid_from) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        short_name = excluded.short_name,
        agency_type = excluded.agency_type,
        parent_agency_code = excluded.parent_agency_code,
        administrative_unit_code = excluded.administrative_unit_code,
        is_inferred = FALSE,
        retired_on = NULL,
        batch_key = excluded.batch_key
    WHERE
    (
        t.name_vi,
        t.short_name,
        t.agency_type,
        t.parent_agency_code,
        t.administrative_unit_code,
        t.is_inferred,
        t.retired_on
    ) IS DISTINCT FROM (
        excluded.name_vi,
        excluded.short_name,
        excluded.agency_type,
        excluded.parent_agency_code,
        excluded.administrative_unit_code,
        FALSE,
        NULL
    );

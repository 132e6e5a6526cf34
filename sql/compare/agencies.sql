-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.name_vi,
    t.short_name,
    t.agency_type,
    t.parent_agency_code,
    t.administrative_unit_code
FROM compared AS s
INNER JOIN dw.dim_agency AS t ON s.agency_code = t.agency_code AND t.is_current

-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.parent_code,
    t.name_vi,
    t.unit_code,
    t.unit_raw,
    t.direction,
    t.row_type,
    t.lead_agency_raw,
    t.plan_code,
    t.province_code,
    t.source_document,
    t.source_date,
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_indicator AS t ON s.indicator_code = t.indicator_code

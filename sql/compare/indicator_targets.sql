-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.target_year,
    t.target_raw,
    t.comparator,
    t.target_low,
    t.target_high,
    t.unit_code,
    t.note_vi,
    t.plan_code,
    t.province_code,
    t.source_document,
    t.source_date,
    t.source_place
FROM compared AS s
INNER JOIN dw.fact_indicator_target AS t ON s.target_code = t.target_code

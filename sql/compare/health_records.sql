-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    u.unit_code AS commune_code,
    t.gender_code,
    d.calendar_date AS examined_on,
    t.health_class,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.fact_health_record AS t ON s.record_code = t.record_code
INNER JOIN dw.dim_administrative_unit AS u ON t.unit_key = u.unit_key
INNER JOIN dw.dim_date AS d ON t.examined_date_key = d.date_key

-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.staff_count,
    t.issued_count,
    t.active_count,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.fact_digital_signature AS t
    ON
        a.agency_key = t.agency_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')

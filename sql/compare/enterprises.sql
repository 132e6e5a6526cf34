-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    a.agency_code,
    t.event_type_code,
    t.event_number,
    t.status_code,
    t.charter_capital_vnd,
    d.calendar_date AS effective_on,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.fact_enterprise_event AS t ON s.event_code = t.event_code
INNER JOIN dw.dim_agency AS a ON t.agency_key = a.agency_key
INNER JOIN dw.dim_date AS d ON t.effective_date_key = d.date_key

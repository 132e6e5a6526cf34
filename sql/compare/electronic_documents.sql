-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    f.agency_code AS sender_agency_code,
    t.document_number,
    t.document_type_code,
    t.subject,
    t.sent_at,
    t.received_at,
    t.status_code,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.dim_agency AS r
    ON
        s.receiver_agency_code = r.agency_code
        AND s.sent_at::date BETWEEN r.valid_from AND coalesce(r.valid_to, 'infinity')
INNER JOIN dw.fact_electronic_document AS t
    ON
        s.document_code = t.document_code
        AND r.agency_key = t.receiver_agency_key
INNER JOIN dw.dim_agency AS f ON t.sender_agency_key = f.agency_key

-- Purpose: how many accepted documents are now in the star, in this state or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_agency AS r
    ON
        s.receiver_agency_code = r.agency_code
        AND s.sent_at::date BETWEEN r.valid_from AND coalesce(r.valid_to, 'infinity')
INNER JOIN dw.fact_electronic_document AS t
    ON
        s.document_code = t.document_code
        AND r.agency_key = t.receiver_agency_key
        AND s.updated_at <= t.source_updated_at;

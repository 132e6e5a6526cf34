-- Purpose: the latest state of each document at each receiver. Grain: document, receiving agency.
-- Can run twice: equal rows are left alone; an older state never replaces a newer one.
INSERT INTO dw.fact_electronic_document AS t (
    document_code, receiver_agency_key, sender_agency_key, document_number, document_type_code, subject,
    issued_date_key, sent_date_key, received_date_key, sent_at, received_at, status_code, source_updated_at,
    batch_key
)
SELECT
    s.document_code,
    r.agency_key,
    f.agency_key,
    s.document_number,
    s.document_type_code,
    s.subject,
    dw.date_key(s.issued_on, -1),
    dw.date_key(s.sent_at::date, -1),
    dw.date_key(s.received_at::date, -2),
    s.sent_at,
    s.received_at,
    s.status_code,
    s.updated_at,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_agency AS r
    ON
        s.receiver_agency_code = r.agency_code
        AND s.sent_at::date BETWEEN r.valid_from AND coalesce(r.valid_to, 'infinity')
INNER JOIN dw.dim_agency AS f
    ON
        s.sender_agency_code = f.agency_code
        AND s.sent_at::date BETWEEN f.valid_from AND coalesce(f.valid_to, 'infinity')
ON CONFLICT (document_code, receiver_agency_key) DO UPDATE
    SET
        sender_agency_key = excluded.sender_agency_key,
        document_number = excluded.document_number,
        document_type_code = excluded.document_type_code,
        subject = excluded.subject,
        issued_date_key = excluded.issued_date_key,
        sent_date_key = excluded.sent_date_key,
        received_date_key = excluded.received_date_key,
        sent_at = excluded.sent_at,
        received_at = excluded.received_at,
        status_code = excluded.status_code,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.sender_agency_key, t.document_number, t.document_type_code, t.subject, t.issued_date_key,
        t.sent_at, t.received_at, t.status_code, t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.sender_agency_key, excluded.document_number, excluded.document_type_code, excluded.subject,
        excluded.issued_date_key, excluded.sent_at, excluded.received_at, excluded.status_code,
        excluded.source_updated_at
    );

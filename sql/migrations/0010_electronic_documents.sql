-- Purpose: what agencies send each other over the document axis.
CREATE TABLE dw.fact_electronic_document (
    document_code text NOT NULL,
    receiver_agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    sender_agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key),
    document_number text,
    document_type_code text,
    subject text,
    issued_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    sent_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    received_date_key integer NOT NULL REFERENCES dw.dim_date (date_key),
    sent_at timestamp NOT NULL,
    received_at timestamp,
    status_code text NOT NULL,
    source_updated_at timestamp NOT NULL,
    batch_key integer NOT NULL,
    PRIMARY KEY (document_code, receiver_agency_key)
);
COMMENT ON TABLE dw.fact_electronic_document IS
'Grain: one row per document and receiving agency, in its latest state. Subjects are internal.';
COMMENT ON COLUMN dw.fact_electronic_document.status_code IS
'01 arrived, 02 refused, 03 taken, 04 assigned, 05 in process, 06 done.';

CREATE VIEW mart.electronic_document AS
SELECT
    s.agency_code AS sender_agency_code,
    s.name_vi AS sender_agency_name,
    r.agency_code AS receiver_agency_code,
    r.name_vi AS receiver_agency_name,
    f.document_type_code,
    f.status_code,
    f.sent_at::date AS sent_on,
    count(*) AS documents,
    count(f.received_at) AS received,
    round(
        avg(extract(EPOCH FROM f.received_at - f.sent_at)) / 3600, 2
    ) AS hours_to_receipt
FROM dw.fact_electronic_document AS f
INNER JOIN dw.dim_agency AS s ON f.sender_agency_key = s.agency_key
INNER JOIN dw.dim_agency AS r ON f.receiver_agency_key = r.agency_key
GROUP BY
    s.agency_code, s.name_vi, r.agency_code, r.name_vi, f.document_type_code, f.status_code, f.sent_at::date;
COMMENT ON VIEW mart.electronic_document IS
'Grain: sender, receiver, type, status and day of sending; no subjects, no numbers of documents.';

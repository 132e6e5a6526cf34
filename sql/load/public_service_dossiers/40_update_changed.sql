-- Purpose: bring changed dossiers to their latest state. Grain: one row per dossier code.
-- Can run twice: a row that already equals the source is not in the delta.
UPDATE dw.fact_dossier AS t
SET
    agency_key = d.agency_key,
    procedure_key = d.procedure_key,
    unit_key = d.unit_key,
    due_date_key = d.due_date_key,
    finished_date_key = d.finished_date_key,
    returned_date_key = d.returned_date_key,
    document_count = d.document_count,
    supplement_count = d.supplement_count,
    result_count = d.result_count,
    digitised_document_count = d.digitised_document_count,
    electronic_result_count = d.electronic_result_count,
    is_on_time = d.is_on_time,
    received_at = d.received_at,
    due_at = d.due_at,
    finished_at = d.finished_at,
    returned_at = d.returned_at,
    supplement_asked_at = d.supplement_asked_at,
    supplement_received_at = d.supplement_received_at,
    source_updated_at = d.source_updated_at,
    content_hash = d.content_hash,
    fee_amount_vnd = d.fee_amount_vnd,
    status_code = d.status_code,
    channel_code = d.channel_code,
    submission_form_code = d.submission_form_code,
    applicant_type_code = d.applicant_type_code,
    batch_key = :batch_key
FROM stg.dossier_delta AS d
WHERE
    d.differs AND NOT d.is_new
    AND t.dossier_code = d.dossier_code AND t.received_date_key = d.received_date_key;

-- What differs in the record alone, in nothing that the star keeps: not to be looked at again tomorrow.
UPDATE dw.fact_dossier AS t
SET content_hash = d.content_hash
FROM stg.dossier_delta AS d
WHERE
    NOT d.differs
    AND t.dossier_code = d.dossier_code AND t.received_date_key = d.received_date_key
    AND t.content_hash IS DISTINCT FROM d.content_hash;

-- Purpose: add the dossiers that the star does not have. Grain: one row per dossier code.
-- Can run twice: a dossier that is there is not new.
INSERT INTO dw.fact_dossier (
    dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, document_count, supplement_count, result_count,
    digitised_document_count, electronic_result_count, is_on_time, received_at, due_at, finished_at,
    returned_at, supplement_asked_at, supplement_received_at, source_updated_at, content_hash,
    fee_amount_vnd, status_code, channel_code, submission_form_code, applicant_type_code, batch_key
)
SELECT
    d.dossier_code,
    d.agency_key,
    d.procedure_key,
    d.unit_key,
    d.received_date_key,
    d.due_date_key,
    d.finished_date_key,
    d.returned_date_key,
    d.document_count,
    d.supplement_count,
    d.result_count,
    d.digitised_document_count,
    d.electronic_result_count,
    d.is_on_time,
    d.received_at,
    d.due_at,
    d.finished_at,
    d.returned_at,
    d.supplement_asked_at,
    d.supplement_received_at,
    d.source_updated_at,
    d.content_hash,
    d.fee_amount_vnd,
    d.status_code,
    d.channel_code,
    d.submission_form_code,
    d.applicant_type_code,
    :batch_key
FROM stg.dossier_delta AS d
WHERE d.is_new;

-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    a.agency_code,
    p.procedure_code,
    t.received_at,
    t.due_at,
    t.finished_at,
    t.returned_at,
    t.status_code,
    t.channel_code,
    t.submission_form_code,
    t.applicant_type_code,
    t.document_count,
    t.digitised_document_count,
    t.electronic_result_count,
    t.supplement_asked_at,
    t.supplement_received_at,
    t.supplement_count,
    t.result_count,
    t.fee_amount_vnd,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.fact_dossier AS t
    ON s.dossier_code = t.dossier_code AND t.received_date_key = dw.date_key(s.received_at, -1)
INNER JOIN dw.dim_agency AS a ON t.agency_key = a.agency_key
INNER JOIN dw.dim_procedure AS p ON t.procedure_key = p.procedure_key

-- Purpose: the first load, straight into the empty fact. Its primary key is built after the rows, by several
-- processes, which is several times faster than row by row; the truncation of the empty months lets
-- PostgreSQL leave the rows out of the write-ahead log. Only the owner may do that: for others the key stays.
-- Can run twice: a fact with rows is left to the next files.
DO $$
BEGIN
    IF EXISTS (SELECT FROM dw.fact_dossier) THEN
        RETURN;
    END IF;
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'dw.fact_dossier'::regclass), 'USAGE') THEN
        TRUNCATE dw.fact_dossier;
        ALTER TABLE dw.fact_dossier DROP CONSTRAINT fact_dossier_pkey;
    END IF;
END
$$;

INSERT INTO dw.fact_dossier (
    dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, document_count, supplement_count, result_count,
    digitised_document_count, electronic_result_count, is_on_time, received_at, due_at, finished_at,
    returned_at, supplement_asked_at, supplement_received_at, source_updated_at, content_hash,
    fee_amount_vnd, status_code, channel_code, submission_form_code, applicant_type_code, batch_key
)
SELECT
    r.*,
    :batch_key
FROM resolved_dossier AS r
WHERE NOT EXISTS (SELECT FROM dw.fact_dossier);

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'dw.fact_dossier'::regclass AND conname = 'fact_dossier_pkey'
    ) THEN
        ALTER TABLE dw.fact_dossier
        ADD CONSTRAINT fact_dossier_pkey PRIMARY KEY (received_date_key, dossier_code);
        ANALYZE dw.fact_dossier (dossier_code, batch_key);
    END IF;
END
$$;

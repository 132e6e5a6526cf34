-- Purpose: the accepted dossiers that are new or differ from the star, with their keys resolved.
-- Grain: one row per dossier code. Inputs: accepted (pg_temp view), dimensions, dw.fact_dossier.
-- Can run twice: it only reads the star; the table is dropped at the end of the load.
-- A dossier older than what the star holds is left out: a replay must not undo later news.
CREATE UNLOGGED TABLE stg.dossier_delta AS
SELECT
    s.dossier_code,
    coalesce(a.agency_key, -1) AS agency_key,
    CASE WHEN s.procedure_code IS NULL THEN -1 ELSE p.procedure_key END AS procedure_key,
    CASE WHEN s.commune_code IS NULL THEN -2 ELSE coalesce(u.unit_key, -1) END AS unit_key,
    dw.date_key(s.received_at, -1) AS received_date_key,
    dw.date_key(s.due_at, -2) AS due_date_key,
    dw.date_key(s.finished_at, -2) AS finished_date_key,
    dw.date_key(s.returned_at, -2) AS returned_date_key,
    s.document_count::integer AS document_count,
    s.supplement_count::integer AS supplement_count,
    s.result_count::integer AS result_count,
    s.finished_at <= s.due_at AND coalesce(s.supplement_count, 0) <= 1 AS is_on_time,
    s.received_at,
    s.due_at,
    s.finished_at,
    s.returned_at,
    s.updated_at AS source_updated_at,
    s.fee_amount_vnd,
    s.status_code,
    s.channel_code,
    s.submission_form_code,
    s.applicant_type_code,
    s.procedure_code,
    s.procedure_name,
    s.sector_code,
    t.dossier_code IS NULL AS is_new
FROM accepted AS s
LEFT JOIN dw.dim_agency AS a ON s.agency_code = a.agency_code AND a.is_current
LEFT JOIN dw.dim_procedure AS p ON s.procedure_code = p.procedure_code
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.received_at::date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
LEFT JOIN dw.fact_dossier AS t ON s.dossier_code = t.dossier_code
WHERE
    t.dossier_code IS NULL
    OR (
        s.updated_at >= t.source_updated_at
        AND (
            s.updated_at, s.status_code, s.received_at, s.due_at, s.finished_at, s.returned_at,
            s.fee_amount_vnd, s.document_count, s.supplement_count, s.result_count, s.channel_code,
            s.submission_form_code, s.applicant_type_code,
            coalesce(a.agency_key, -1),
            CASE WHEN s.procedure_code IS NULL THEN -1 ELSE p.procedure_key END,
            CASE WHEN s.commune_code IS NULL THEN -2 ELSE coalesce(u.unit_key, -1) END
        ) IS DISTINCT FROM (
            t.source_updated_at,
            t.status_code,
            t.received_at,
            t.due_at,
            t.finished_at,
            t.returned_at,
            t.fee_amount_vnd, t.document_count, t.supplement_count, t.result_count, t.channel_code,
            t.submission_form_code, t.applicant_type_code,
            t.agency_key, t.procedure_key, t.unit_key
        )
    );

-- Purpose: accepted dossiers as the star has them, every key resolved. Grain: one row per dossier code.
-- Inputs: accepted (pg_temp view), dimensions. Can run twice: it is a view of this session, dropped at
-- the end. What the dossiers need is made first: the months that they belong to, and a row for each procedure
-- that the catalogue does not know, to be completed when the catalogue brings it. One pass finds out both.
-- Dimensions that nobody has counted yet pass for larger than they are; the whole batch is hashed for them.
ANALYZE dw.dim_agency, dw.dim_procedure, dw.dim_administrative_unit;

-- The empty half of the union keeps the planner from taking every day for another: it then lets each process
-- find its own days and procedures, instead of all rows passing through one.
CREATE TEMP TABLE met AS
SELECT DISTINCT
    n.day,
    n.procedure_code
FROM (
    SELECT
        s.received_at::date AS day,
        s.procedure_code
    FROM accepted AS s
    UNION ALL
    SELECT
        NULL AS day,
        NULL AS procedure_code
    WHERE FALSE
) AS n;

SELECT count(dw.make_month('dw.fact_dossier', m.first_day)) AS months
FROM (SELECT DISTINCT date_trunc('month', n.day)::date AS first_day FROM met AS n) AS m;

CREATE TEMP TABLE unknown_procedure AS
WITH unknown AS (
    SELECT n.procedure_code FROM met AS n
    EXCEPT
    SELECT p.procedure_code FROM dw.dim_procedure AS p
)

SELECT
    s.procedure_code,
    coalesce(min(s.procedure_name), 'Chưa có trong danh mục') AS name_vi,
    min(s.sector_code) AS sector_code
FROM unknown AS u
INNER JOIN accepted AS s ON u.procedure_code = s.procedure_code
GROUP BY s.procedure_code;

INSERT INTO dw.dim_procedure (procedure_code, name_vi, sector_code, is_inferred, batch_key)
SELECT
    u.procedure_code,
    u.name_vi,
    u.sector_code,
    TRUE,
    :batch_key
FROM unknown_procedure AS u
ORDER BY u.procedure_code
ON CONFLICT (procedure_code) DO NOTHING;

-- The calendar has every day since 1 January 2000; a day's place in the array is its distance from the day
-- before. Looking four days up in it for each of millions of rows costs a quarter of computing their keys.
-- Not a CTE: a plan that reads one cannot use several processes.
CREATE TEMP VIEW calendar AS
SELECT array_agg(d.date_key ORDER BY d.calendar_date) AS keys
FROM dw.dim_date AS d
WHERE d.calendar_date IS NOT NULL;

CREATE TEMP VIEW resolved_dossier AS
SELECT
    s.dossier_code,
    coalesce(a.agency_key, -1) AS agency_key,
    coalesce(p.procedure_key, -1) AS procedure_key,
    CASE WHEN s.commune_code IS NULL THEN -2 ELSE coalesce(u.unit_key, -1) END AS unit_key,
    CASE
        WHEN s.received_at IS NULL THEN -1
        ELSE coalesce((SELECT c.keys FROM calendar AS c)[s.received_at::date - date '1999-12-31'], -1)
    END AS received_date_key,
    CASE
        WHEN s.due_at IS NULL THEN -2
        ELSE coalesce((SELECT c.keys FROM calendar AS c)[s.due_at::date - date '1999-12-31'], -1)
    END AS due_date_key,
    CASE
        WHEN s.finished_at IS NULL THEN -2
        ELSE coalesce((SELECT c.keys FROM calendar AS c)[s.finished_at::date - date '1999-12-31'], -1)
    END AS finished_date_key,
    CASE
        WHEN s.returned_at IS NULL THEN -2
        ELSE coalesce((SELECT c.keys FROM calendar AS c)[s.returned_at::date - date '1999-12-31'], -1)
    END AS returned_date_key,
    s.document_count::integer AS document_count,
    s.supplement_count::integer AS supplement_count,
    s.result_count::integer AS result_count,
    s.digitised_document_count::integer AS digitised_document_count,
    s.electronic_result_count::integer AS electronic_result_count,
    s.finished_at <= dw.effective_due_at(s.due_at, s.supplement_asked_at, s.supplement_received_at)
    AND coalesce(s.supplement_count, 0) <= 1 AS is_on_time,
    s.received_at,
    s.due_at,
    s.finished_at,
    s.returned_at,
    s.supplement_asked_at,
    s.supplement_received_at,
    s.updated_at AS source_updated_at,
    s._content_hash AS content_hash,
    s.fee_amount_vnd,
    s.status_code,
    s.channel_code,
    s.submission_form_code,
    s.applicant_type_code,
    s._row
FROM accepted AS s
LEFT JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.received_at >= a.valid_from
        AND (a.valid_to IS NULL OR s.received_at < a.valid_to + 1)
LEFT JOIN dw.dim_procedure AS p ON s.procedure_code = p.procedure_code
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.received_at >= u.valid_from
        AND (u.valid_to IS NULL OR s.received_at < u.valid_to + 1);

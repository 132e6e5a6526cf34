-- Purpose: whose facts they are that name a member of a dimension, so that keys that lead nowhere are told to
-- the agency whose rows they are in. Payments name a project, which has versions too.
CREATE OR REPLACE VIEW meta.fact_member_day AS
WITH dossier AS (
    SELECT
        agency_key,
        unit_key,
        received_at::date AS day,
        count(*) AS facts
    FROM dw.fact_dossier
    GROUP BY agency_key, unit_key, received_at::date
),

dossier_event AS (
    SELECT
        e.agency_key,
        f.received_at::date AS day,
        count(*) AS facts
    FROM dw.fact_dossier_event AS e
    INNER JOIN dw.fact_dossier AS f ON e.dossier_code = f.dossier_code
    GROUP BY e.agency_key, f.received_at::date
),

dated AS (
    SELECT
        'fact_dossier' AS relation,
        'dim_agency' AS dimension,
        agency_key AS member_key,
        day,
        facts,
        agency_key AS of_agency_key
    FROM dossier
    UNION ALL
    SELECT
        'fact_dossier',
        'dim_administrative_unit',
        unit_key,
        day,
        facts,
        agency_key
    FROM dossier
    UNION ALL
    SELECT
        'fact_dossier_event',
        'dim_agency',
        agency_key,
        day,
        facts,
        agency_key
    FROM dossier_event
    UNION ALL
    SELECT
        'fact_indicator_value',
        'dim_agency',
        f.agency_key,
        date_trunc('month', d.calendar_date)::date,
        1,
        f.agency_key
    FROM dw.fact_indicator_value AS f
    INNER JOIN dw.dim_date AS d ON f.period_end_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_indicator_value',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_indicator_value AS f
    INNER JOIN dw.dim_date AS d ON f.period_end_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_commune_form_value',
        'dim_agency',
        f.agency_key,
        date_trunc('month', d.calendar_date)::date,
        1,
        f.agency_key
    FROM dw.fact_commune_form_value AS f
    INNER JOIN dw.dim_date AS d ON f.period_end_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_commune_form_value',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_commune_form_value AS f
    INNER JOIN dw.dim_date AS d ON f.period_end_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_plan_task_progress',
        'dim_agency',
        f.agency_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_plan_task_progress AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_task_status',
        'dim_agency',
        f.agency_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_task_status AS f
    INNER JOIN dw.dim_date AS d ON f.status_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_disbursement',
        'dim_agency',
        f.agency_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_disbursement AS f
    INNER JOIN dw.dim_date AS d ON f.disbursed_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_disbursement',
        'dim_investment_project',
        f.project_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_disbursement AS f
    INNER JOIN dw.dim_date AS d ON f.disbursed_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_electronic_document',
        'dim_agency',
        k.agency_key,
        f.sent_at::date,
        1,
        f.sender_agency_key
    FROM dw.fact_electronic_document AS f
    CROSS JOIN LATERAL (VALUES (f.receiver_agency_key), (f.sender_agency_key)) AS k (agency_key)
    UNION ALL
    SELECT
        'fact_digital_signature',
        'dim_agency',
        f.agency_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_digital_signature AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_digital_signature',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        f.agency_key
    FROM dw.fact_digital_signature AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_enterprise_event',
        'dim_agency',
        f.agency_key,
        d.valid_from,
        1,
        f.agency_key
    FROM dw.fact_enterprise_event AS f
    INNER JOIN dw.dim_enterprise AS d ON f.enterprise_key = d.enterprise_key
    UNION ALL
    SELECT
        'fact_enterprise_event',
        'dim_administrative_unit',
        f.unit_key,
        d.valid_from,
        1,
        f.agency_key
    FROM dw.fact_enterprise_event AS f
    INNER JOIN dw.dim_enterprise AS d ON f.enterprise_key = d.enterprise_key
    UNION ALL
    SELECT
        'dim_enterprise',
        'dim_administrative_unit',
        unit_key,
        valid_from,
        1,
        NULL
    FROM dw.dim_enterprise
    WHERE enterprise_key > 0
    UNION ALL
    SELECT
        'fact_cashless_payment',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        NULL
    FROM dw.fact_cashless_payment AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_population',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        NULL
    FROM dw.fact_population AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_school_month',
        'dim_administrative_unit',
        f.unit_key,
        d.calendar_date,
        1,
        NULL
    FROM dw.fact_school_month AS f
    INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
    UNION ALL
    SELECT
        'fact_health_record',
        'dim_administrative_unit',
        f.unit_key,
        coalesce(d.calendar_date, f.source_updated_at::date),
        count(*),
        NULL
    FROM dw.fact_health_record AS f
    INNER JOIN dw.dim_date AS d ON f.examined_date_key = d.date_key
    WHERE f.examined_date_key <> -1
    GROUP BY f.unit_key, coalesce(d.calendar_date, f.source_updated_at::date)
    UNION ALL
    SELECT
        'fact_land_parcel',
        'dim_administrative_unit',
        f.unit_key,
        b.as_of,
        count(*),
        NULL
    FROM dw.fact_land_parcel AS f
    INNER JOIN meta.batch AS b ON f.batch_key = b.batch_key
    WHERE NOT f.is_deleted
    GROUP BY f.unit_key, b.as_of
)

SELECT
    d.relation,
    d.dimension,
    d.member_key,
    d.day,
    d.facts,
    d.of_agency_key
FROM dated AS d;
COMMENT ON VIEW meta.fact_member_day IS
'Grain: facts of the same agency that name the same version of an agency, administrative unit or investment
project on the same day; the days are those by which loads look versions up.';
COMMENT ON COLUMN meta.fact_member_day.of_agency_key IS
'The agency whose facts they are; NULL where they are of none.';

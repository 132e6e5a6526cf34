-- Purpose: add the values of the forms that were sent. Grain: commune, month, line, form.
-- Can run twice: a value equal to the star's is left alone; each form keeps its own rows.
INSERT INTO dw.fact_commune_form_value AS t (
    unit_key, period_code, line_key, form_version, submitted_at, agency_key, period_end_date_key,
    month_value, month_missing_reason, year_value, year_missing_reason, plan_value, plan_missing_reason,
    note, source_file, source_sheet, batch_key
)
SELECT
    u.unit_key,
    s.period_code,
    l.line_key,
    s.form_version::integer,
    s.submitted_at,
    a.agency_key,
    dw.date_key(s.period_end_date, -1),
    s.month_value,
    s.month_missing_reason,
    s.year_value,
    s.year_missing_reason,
    s.plan_value,
    s.plan_missing_reason,
    s.note,
    s.source_file,
    s.source_sheet,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND date_trunc('month', s.period_end_date) BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.dim_commune_form_line AS l ON s.line_code = l.line_code
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_end_date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (unit_key, period_code, line_key, form_version, submitted_at) DO UPDATE
    SET
        agency_key = excluded.agency_key,
        period_end_date_key = excluded.period_end_date_key,
        month_value = excluded.month_value,
        month_missing_reason = excluded.month_missing_reason,
        year_value = excluded.year_value,
        year_missing_reason = excluded.year_missing_reason,
        plan_value = excluded.plan_value,
        plan_missing_reason = excluded.plan_missing_reason,
        note = excluded.note,
        source_file = excluded.source_file,
        source_sheet = excluded.source_sheet,
        batch_key = excluded.batch_key
    WHERE
    (
        t.agency_key,
        t.period_end_date_key,
        t.month_value,
        t.month_missing_reason,
        t.year_value,
        t.year_missing_reason,
        t.plan_value,
        t.plan_missing_reason,
        t.note,
        t.source_file,
        t.source_sheet
    ) IS DISTINCT FROM (
        excluded.agency_key,
        excluded.period_end_date_key,
        excluded.month_value,
        excluded.month_missing_reason,
        excluded.year_value,
        excluded.year_missing_reason,
        excluded.plan_value,
        excluded.plan_missing_reason,
        excluded.note,
        excluded.source_file,
        excluded.source_sheet
    );

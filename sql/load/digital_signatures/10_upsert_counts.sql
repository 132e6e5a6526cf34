-- Purpose: the latest counts of each agency and month. Grain: agency, month.
-- Can run twice: equal rows are left alone; older counts never replace newer ones.
INSERT INTO dw.fact_digital_signature AS t (
    agency_key, period_code, month_start_date_key, unit_key,
    staff_count, issued_count, active_count, source_updated_at, batch_key
)
SELECT
    a.agency_key,
    to_char(s.period_month, 'YYYY"-M"MM') AS period_code,
    dw.date_key(s.period_month, -1),
    CASE WHEN s.commune_code IS NULL THEN -2 ELSE coalesce(u.unit_key, -1) END AS unit_key,
    s.staff_count,
    s.issued_count,
    s.active_count,
    s.updated_at,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (agency_key, period_code) DO UPDATE
    SET
        unit_key = excluded.unit_key,
        staff_count = excluded.staff_count,
        issued_count = excluded.issued_count,
        active_count = excluded.active_count,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (t.unit_key, t.staff_count, t.issued_count, t.active_count, t.source_updated_at)
    IS DISTINCT FROM (
        excluded.unit_key, excluded.staff_count, excluded.issued_count, excluded.active_count,
        excluded.source_updated_at
    );

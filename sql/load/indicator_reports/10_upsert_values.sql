-- Purpose: add reported values and their revisions. Grain: agency, indicator, commune, period, revision.
-- Can run twice: a value equal to the star's is left alone; an older submission never replaces a later.
INSERT INTO dw.fact_indicator_value AS t (
    agency_key, indicator_key, unit_key, period_code, revision_number, period_end_date_key,
    indicator_value, numerator, denominator, unit_code, submitted_at, is_current, batch_key
)
SELECT
    a.agency_key,
    i.indicator_key,
    u.unit_key,
    s.period_code,
    s.revision_number::integer,
    dw.date_key(s.period_end_date, -1),
    s.indicator_value,
    s.numerator,
    s.denominator,
    s.unit_code,
    s.submitted_at,
    FALSE,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND date_trunc('month', s.period_end_date) BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
INNER JOIN dw.dim_indicator AS i ON s.indicator_code = i.indicator_code
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_end_date BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (agency_key, indicator_key, unit_key, period_code, revision_number) DO UPDATE
    SET
        period_end_date_key = excluded.period_end_date_key,
        indicator_value = excluded.indicator_value,
        numerator = excluded.numerator,
        denominator = excluded.denominator,
        unit_code = excluded.unit_code,
        submitted_at = excluded.submitted_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.submitted_at >= t.submitted_at
    AND (
        t.period_end_date_key,
        t.indicator_value,
        t.numerator,
        t.denominator,
        t.unit_code,
        t.submitted_at
    ) IS DISTINCT FROM (
        excluded.period_end_date_key, excluded.indicator_value, excluded.numerator,
        excluded.denominator, excluded.unit_code, excluded.submitted_at
    );

-- Purpose: nothing is lost between a fact and the marts: each measure's total is the same in the fact, by
-- the units of its day and by the units of today. Grain: measure (and breakdown, reporter, period). It only
-- reads.
WITH source AS (
    SELECT
        'dossier.received' AS measure_code,
        count(*)::numeric AS value
    FROM dw.fact_dossier
    UNION ALL
    SELECT
        'population.people',
        coalesce(sum(population_count), 0)
    FROM dw.fact_population
    UNION ALL
    SELECT
        'school.students',
        coalesce(sum(student_count), 0)
    FROM dw.fact_school_month
    UNION ALL
    SELECT
        'land.area_m2',
        coalesce(sum(area_m2) FILTER (WHERE NOT is_deleted), 0)
    FROM dw.fact_land_parcel
    UNION ALL
    SELECT
        'indicator.numerator',
        coalesce(sum(numerator) FILTER (WHERE is_current AND denominator IS NOT NULL), 0)
    FROM dw.fact_indicator_value
    UNION ALL
    SELECT
        'form.' || k.measure_kind,
        coalesce(sum(v.month_value) FILTER (WHERE v.is_current), 0)
    FROM (VALUES ('stock'), ('flow')) AS k (measure_kind)
    LEFT JOIN dw.dim_commune_form_line AS l ON k.measure_kind = l.measure_kind
    LEFT JOIN dw.fact_commune_form_value AS v ON l.line_key = v.line_key
    GROUP BY k.measure_kind
    UNION ALL
    SELECT
        'cashless.transactions',
        coalesce(sum(transaction_count), 0)
    FROM dw.fact_cashless_payment
    UNION ALL
    SELECT
        'health.records',
        count(*)
    FROM dw.fact_health_record
),

base AS (
    SELECT
        measure_code,
        breakdown,
        agency_code,
        period_code,
        sum(value) AS value
    FROM dw.unit_measure
    GROUP BY measure_code, breakdown, agency_code, period_code
),

as_was AS (
    SELECT
        measure_code,
        breakdown,
        agency_code,
        period_code,
        sum(value) AS value
    FROM mart.unit_measure_as_was
    GROUP BY measure_code, breakdown, agency_code, period_code
),

as_is AS (
    SELECT
        measure_code,
        breakdown,
        agency_code,
        period_code,
        sum(value) AS value
    FROM mart.unit_measure_as_is
    GROUP BY measure_code, breakdown, agency_code, period_code
),

problem AS (
    SELECT
        s.measure_code,
        s.measure_code AS subject,
        format('%s in the fact, %s in dw.unit_measure', s.value, coalesce(sum(b.value), 0)) AS problem
    FROM source AS s
    LEFT JOIN base AS b ON s.measure_code = b.measure_code
    GROUP BY s.measure_code, s.value
    HAVING s.value <> coalesce(sum(b.value), 0)
    UNION ALL
    SELECT
        b.measure_code,
        concat_ws(
            ' ', b.measure_code, nullif(b.breakdown, ''), nullif(b.agency_code, ''), nullif(b.period_code, '')
        ),
        format(
            '%s in all, %s as it was, %s as it is',
            b.value, coalesce(w.value::text, 'nothing'), coalesce(i.value::text, 'nothing')
        )
    FROM base AS b
    LEFT JOIN as_was AS w
        ON
            b.measure_code = w.measure_code AND b.breakdown = w.breakdown
            AND b.agency_code = w.agency_code AND b.period_code = w.period_code
    LEFT JOIN as_is AS i
        ON
            b.measure_code = i.measure_code AND b.breakdown = i.breakdown
            AND b.agency_code = i.agency_code AND b.period_code = i.period_code
    WHERE b.value IS DISTINCT FROM w.value OR b.value IS DISTINCT FROM i.value
)

SELECT
    m.source_fact AS relation,
    p.subject,
    p.problem,
    count(*) OVER () AS broken
FROM problem AS p
INNER JOIN dw.dim_measure AS m ON p.measure_code = m.measure_code
ORDER BY m.source_fact, p.subject
LIMIT 20;

-- Purpose: indicators of plans: what agencies report, what the facts give, and how far both are from the
-- targets.
CREATE TABLE meta.indicator_method (
    indicator_code text PRIMARY KEY,
    measure text,
    multiplier numeric NOT NULL,
    formula_vi text,
    missing_vi text,
    certainty text NOT NULL,
    sectors text[],
    CHECK ((measure IS NULL) = (missing_vi IS NOT NULL))
);
COMMENT ON TABLE meta.indicator_method IS
'Grain: one row per indicator that is computed, or cannot be; a copy of include/indicators.yaml.';

CREATE TABLE meta.indicator_forecast_rule (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    min_months integer NOT NULL
);
INSERT INTO meta.indicator_forecast_rule (min_months) VALUES (6);
COMMENT ON TABLE meta.indicator_forecast_rule IS 'How many months a forecast needs; one row.';

CREATE MATERIALIZED VIEW mart.indicator_fact_month AS
WITH population AS (
    SELECT DISTINCT ON (p.unit_key)
        p.unit_key,
        p.month_start_date_key,
        p.population_count
    FROM dw.fact_population AS p
    ORDER BY p.unit_key ASC, p.month_start_date_key DESC
),

counted AS (
    SELECT
        'health_records' AS measure,
        h.unit_key,
        count(*) AS numerator
    FROM dw.fact_health_record AS h
    GROUP BY h.unit_key
    UNION ALL
    SELECT
        m.measure,
        e.unit_key,
        count(*)
    FROM dw.dim_enterprise AS e
    INNER JOIN meta.indicator_method AS m
        ON m.measure = 'digital_enterprises' AND left(e.sector_code, 2) = any(m.sectors)
    WHERE
        e.is_current AND e.enterprise_key > 0 AND e.status_code = '00' AND e.entity_type_code = 'DN'
    GROUP BY m.measure, e.unit_key
),

by_people AS (
    SELECT
        m.measure,
        p.unit_key,
        p.month_start_date_key,
        coalesce(c.numerator, 0) AS numerator,
        p.population_count AS denominator
    FROM population AS p
    CROSS JOIN (VALUES ('health_records'), ('digital_enterprises')) AS m (measure)
    LEFT JOIN counted AS c ON m.measure = c.measure AND p.unit_key = c.unit_key
)

SELECT
    b.measure,
    CASE WHEN grouping(b.unit_key) = 0 THEN 'commune' ELSE 'province' END AS scope_type,
    coalesce(b.unit_key, 0) AS scope_key,
    max(d.calendar_date) AS month_start,
    sum(b.numerator)::bigint AS numerator,
    sum(b.denominator)::bigint AS denominator
FROM by_people AS b
INNER JOIN dw.dim_date AS d ON b.month_start_date_key = d.date_key
GROUP BY GROUPING SETS ((b.measure, b.unit_key), (b.measure))
UNION ALL
SELECT
    'tasks_followed' AS measure,
    'province' AS scope_type,
    0 AS scope_key,
    d.calendar_date AS month_start,
    count(DISTINCT f.task_key) AS numerator,
    (SELECT count(*) FROM dw.dim_plan_task AS t WHERE t.task_key > 0) AS denominator
FROM dw.fact_plan_task_progress AS f
INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
WHERE f.task_key > 0
GROUP BY d.calendar_date
UNION ALL
SELECT
    'agencies_on_axis' AS measure,
    'province' AS scope_type,
    0 AS scope_key,
    date_trunc('month', f.sent_at)::date AS month_start,
    count(DISTINCT a.agency_code) AS numerator,
    (
        SELECT count(*)
        FROM dw.dim_agency AS k
        WHERE k.agency_key > 0 AND k.is_current AND k.retired_on IS NULL
    ) AS denominator
FROM dw.fact_electronic_document AS f
INNER JOIN dw.dim_agency AS a ON f.sender_agency_key = a.agency_key AND a.is_current AND a.retired_on IS NULL
WHERE a.agency_key > 0
GROUP BY date_trunc('month', f.sent_at)::date;
CREATE UNIQUE INDEX indicator_fact_month_key
ON mart.indicator_fact_month (measure, scope_type, scope_key, month_start);
COMMENT ON MATERIALIZED VIEW mart.indicator_fact_month IS
'Grain: one row per measure, commune or province, and month: what other facts than dossiers give for
indicators. Measures of people have the last month of the population only.';

CREATE MATERIALIZED VIEW mart.indicator_month AS
WITH reported AS (
    SELECT
        v.indicator_key,
        CASE WHEN grouping(v.unit_key) = 0 THEN 'commune' ELSE 'province' END AS scope_type,
        coalesce(v.unit_key, 0) AS scope_key,
        date_trunc('month', d.calendar_date)::date AS month_start,
        count(*) AS reports,
        count(*) FILTER (WHERE v.denominator > 0) AS reports_with_parts,
        sum(v.numerator) FILTER (WHERE v.denominator > 0) AS numerator,
        sum(v.denominator) FILTER (WHERE v.denominator > 0) AS denominator,
        min(v.indicator_value) AS only_value
    FROM dw.fact_indicator_value AS v
    INNER JOIN dw.dim_date AS d ON v.period_end_date_key = d.date_key
    WHERE v.is_current
    GROUP BY GROUPING SETS (
        (v.indicator_key, v.unit_key, date_trunc('month', d.calendar_date)),
        (v.indicator_key, date_trunc('month', d.calendar_date))
    )
),

computed AS (
    SELECT
        i.indicator_key,
        c.scope_type,
        c.scope_key,
        c.month_start,
        c.is_complete,
        c.numerator,
        c.denominator,
        round(m.multiplier * c.numerator / c.denominator, 4) AS computed_value
    FROM (
        SELECT
            s.measure,
            s.scope_type,
            s.scope_key,
            s.period_start AS month_start,
            s.numerator,
            s.denominator,
            s.last_day = s.period_end
            AND s.period_start
            >= (SELECT min(p.day) FROM mart.dossier_day AS p WHERE p.scope_type = 'province')
                AS is_complete
        FROM mart.service_measure AS s
        WHERE s.period_type = 'month' AND s.scope_type <> 'agency'
        UNION ALL
        SELECT
            f.measure,
            f.scope_type,
            f.scope_key,
            f.month_start,
            f.numerator,
            f.denominator,
            f.month_start + interval '1 month' <= s.last_day + interval '1 day'
        FROM mart.indicator_fact_month AS f
        CROSS JOIN meta.mart_state AS s
    ) AS c
    INNER JOIN meta.indicator_method AS m ON c.measure = m.measure
    INNER JOIN dw.dim_indicator AS i ON m.indicator_code = i.indicator_code
    WHERE c.denominator > 0
)

SELECT
    coalesce(r.indicator_key, c.indicator_key) AS indicator_key,
    i.indicator_code,
    i.name_vi AS indicator_name,
    i.unit_code,
    i.direction,
    coalesce(r.scope_type, c.scope_type) AS scope_type,
    coalesce(r.scope_key, c.scope_key) AS scope_key,
    coalesce(r.month_start, c.month_start) AS month_start,
    to_char(coalesce(r.month_start, c.month_start), 'YYYY"-M"MM') AS period_code,
    r.reports,
    r.numerator AS reported_numerator,
    r.denominator AS reported_denominator,
    -- Several values without their parts cannot be put together.
    CASE
        WHEN r.reports = 1 THEN r.only_value
        WHEN r.reports = r.reports_with_parts AND i.unit_code LIKE 'percent%'
            THEN round(100 * r.numerator / r.denominator, 4)
    END AS reported_value,
    c.numerator AS computed_numerator,
    c.denominator AS computed_denominator,
    c.computed_value,
    coalesce(c.is_complete, FALSE) AS is_computed_whole
FROM reported AS r
FULL JOIN computed AS c
    ON
        r.indicator_key = c.indicator_key AND r.scope_type = c.scope_type AND r.scope_key = c.scope_key
        AND r.month_start = c.month_start
INNER JOIN dw.dim_indicator AS i ON coalesce(r.indicator_key, c.indicator_key) = i.indicator_key;
CREATE UNIQUE INDEX indicator_month_key
ON mart.indicator_month (indicator_code, scope_type, scope_key, month_start);
CREATE INDEX indicator_month_month ON mart.indicator_month (month_start, scope_type);
COMMENT ON MATERIALIZED VIEW mart.indicator_month IS
'Grain: one row per indicator, commune or province, and month: the value that agencies report beside the one
that the facts give. Tỷ lệ không cộng: numerators and denominators are added.';
COMMENT ON COLUMN mart.indicator_month.is_computed_whole IS
'Whether the facts of the whole month are known; an unfinished month is not compared and not extrapolated.';

CREATE FUNCTION mart.meets_target(
    value numeric, comparator text, target_low numeric, target_high numeric, direction text
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value IS NULL OR coalesce(target_low, target_high) IS NULL THEN NULL
    WHEN comparator = '>=' THEN value >= target_low
    WHEN comparator = '>' THEN value > target_low
    WHEN comparator = '<=' THEN value <= target_high
    WHEN comparator = '<' THEN value < target_high
    WHEN comparator IN ('=', 'range') AND direction = 'higher_is_better' THEN value >= target_low
    WHEN comparator IN ('=', 'range') AND direction = 'lower_is_better' THEN value <= target_high
    WHEN comparator IN ('=', 'range') THEN value BETWEEN target_low AND target_high
END;
COMMENT ON FUNCTION mart.meets_target IS
'Whether a value reaches a target. Where more (or less) is better, a number without a sign and the near end
of a range are what has to be reached; beyond the far end is reached as well. NULL: nothing to measure.';

CREATE MATERIALIZED VIEW mart.indicator_progress AS
WITH value AS (
    SELECT
        m.indicator_key,
        m.month_start,
        s.source,
        s.value
    FROM mart.indicator_month AS m
    CROSS JOIN
        LATERAL (
            VALUES
            ('reported', m.reported_value),
            ('computed', CASE WHEN m.is_computed_whole THEN m.computed_value END)
        ) AS s (source, value)
    WHERE m.scope_type = 'province' AND s.value IS NOT NULL
),

latest AS (
    SELECT DISTINCT ON (v.indicator_key, v.source)
        v.indicator_key,
        v.source,
        v.month_start,
        v.value
    FROM value AS v
    ORDER BY v.indicator_key ASC, v.source ASC, v.month_start DESC
),

-- Theil–Sen: months are counted from year 0, so that a line can be read off at any month.
point AS (
    SELECT
        v.indicator_key,
        v.source,
        (extract(YEAR FROM v.month_start) * 12 + extract(MONTH FROM v.month_start))::integer AS month_number,
        v.value
    FROM value AS v
),

slope AS (
    SELECT
        a.indicator_key,
        a.source,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY ((b.value - a.value) / (b.month_number - a.month_number))::double precision
        ) AS slope
    FROM point AS a
    INNER JOIN point AS b
        ON a.indicator_key = b.indicator_key AND a.source = b.source AND a.month_number < b.month_number
    GROUP BY a.indicator_key, a.source
),

trend AS (
    SELECT
        p.indicator_key,
        p.source,
        count(*) AS months,
        s.slope,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY p.value::double precision - s.slope * p.month_number)
            AS intercept
    FROM point AS p
    LEFT JOIN slope AS s ON p.indicator_key = s.indicator_key AND p.source = s.source
    GROUP BY p.indicator_key, p.source, s.slope
),

joined AS (
    SELECT
        t.*,
        i.indicator_code,
        i.parent_code,
        i.name_vi AS indicator_name,
        i.direction,
        i.lead_agency_raw,
        m.measure,
        m.formula_vi,
        m.missing_vi,
        m.certainty,
        r.value AS reported_value,
        r.month_start AS reported_month,
        c.value AS computed_value,
        c.month_start AS computed_month,
        coalesce(c.value, r.value) AS value,
        coalesce(c.month_start, r.month_start) AS value_month,
        CASE WHEN c.value IS NOT NULL THEN 'computed' WHEN r.value IS NOT NULL THEN 'reported' END
            AS value_source
    FROM dw.fact_indicator_target AS t
    INNER JOIN dw.dim_indicator AS i ON t.indicator_key = i.indicator_key
    LEFT JOIN meta.indicator_method AS m ON i.indicator_code = m.indicator_code
    LEFT JOIN latest AS r ON t.indicator_key = r.indicator_key AND r.source = 'reported'
    LEFT JOIN latest AS c ON t.indicator_key = c.indicator_key AND c.source = 'computed'
),

forecast AS (
    SELECT
        j.*,
        coalesce(t.months, 0) AS forecast_months,
        f.min_months,
        CASE
            WHEN t.months >= f.min_months
                THEN round((t.intercept + t.slope * (j.target_year * 12 + 12))::numeric, 2)
        END AS straight
    FROM joined AS j
    CROSS JOIN meta.indicator_forecast_rule AS f
    LEFT JOIN trend AS t ON j.indicator_key = t.indicator_key AND j.value_source = t.source
),

bounded AS (
    SELECT
        f.*,
        -- A share of a whole cannot leave 0 to 100, a rank or a count not fall below 0.
        CASE
            WHEN f.straight IS NULL THEN NULL
            WHEN f.unit_code IN ('percent', 'percent_population') THEN least(greatest(f.straight, 0), 100)
            WHEN f.unit_code = 'percent_per_year' THEN f.straight
            WHEN f.unit_code = 'rank' THEN greatest(f.straight, 1)
            ELSE greatest(f.straight, 0)
        END AS forecast_value
    FROM forecast AS f
)

SELECT
    b.target_code,
    b.plan_code,
    b.province_code AS plan_province_code,
    b.indicator_code,
    b.parent_code,
    b.indicator_name,
    b.lead_agency_raw AS lead_agency,
    b.unit_code,
    b.direction,
    b.target_year,
    b.target_raw AS target_text,
    b.comparator,
    b.target_low,
    b.target_high,
    b.source_document,
    b.source_place,
    b.reported_value,
    b.reported_month,
    b.computed_value,
    b.computed_month,
    b.computed_value - b.reported_value AS difference,
    b.formula_vi,
    b.missing_vi AS not_computed_vi,
    b.certainty AS formula_certainty,
    b.value,
    b.value_month,
    b.value_source,
    CASE
        WHEN b.comparator = 'prose' OR coalesce(b.target_low, b.target_high) IS NULL THEN 'not_measurable'
        WHEN b.value IS NULL THEN 'no_value'
        WHEN mart.meets_target(b.value, b.comparator, b.target_low, b.target_high, b.direction) THEN 'reached'
        ELSE 'not_reached'
    END AS status,
    CASE
        WHEN mart.meets_target(b.value, b.comparator, b.target_low, b.target_high, b.direction) IS FALSE
            THEN
                CASE
                    WHEN b.value < b.target_low OR b.target_high IS NULL THEN b.target_low - b.value
                    ELSE b.value - b.target_high
                END
    END AS gap,
    b.forecast_value,
    b.forecast_months,
    CASE WHEN b.forecast_value IS NOT NULL THEN 'Theil–Sen' END AS forecast_method,
    CASE
        WHEN b.comparator = 'prose' OR coalesce(b.target_low, b.target_high) IS NULL THEN 'not_measurable'
        WHEN b.forecast_value IS NULL THEN 'no_forecast'
        WHEN mart.meets_target(b.forecast_value, b.comparator, b.target_low, b.target_high, b.direction)
            THEN 'on_track'
        ELSE 'off_track'
    END AS forecast_status,
    CASE
        WHEN b.comparator = 'prose' OR coalesce(b.target_low, b.target_high) IS NULL
            THEN 'Mục tiêu là lời văn, không đo được'
        WHEN b.forecast_months = 0 THEN 'Chưa có số liệu'
        WHEN b.forecast_value IS NULL
            THEN 'Mới có ' || b.forecast_months || ' tháng số liệu, cần ít nhất ' || b.min_months
        ELSE
            'Xu thế bền vững Theil–Sen trên ' || b.forecast_months || ' tháng, đến tháng 12/' || b.target_year
    END AS forecast_note_vi
FROM bounded AS b;
CREATE UNIQUE INDEX indicator_progress_key ON mart.indicator_progress (target_code);
COMMENT ON MATERIALIZED VIEW mart.indicator_progress IS
'Grain: one row per target of a document. Tiến độ so với mục tiêu, dự báo đến năm mục tiêu. A target belongs
to its plan and to plan_province_code: the values are this province''s, set beside it, not measured against its
own target unless the codes are the same.';
COMMENT ON COLUMN mart.indicator_progress.value IS
'The value that is compared: that of the facts where there is one, else the reported one (value_source).';
COMMENT ON COLUMN mart.indicator_progress.status IS
'reached, not_reached, no_value, or not_measurable (the target is prose).';
COMMENT ON COLUMN mart.indicator_progress.gap IS
'What is missing to the target, in its unit; NULL once reached.';
COMMENT ON COLUMN mart.indicator_progress.forecast_status IS
'on_track, off_track, no_forecast (too few months) or not_measurable.';

CREATE FUNCTION mart.indicator_value_as_known_at(day date) RETURNS TABLE (
    indicator_code text,
    agency_code text,
    commune_code text,
    unit_key integer,
    period_code text,
    revision_number integer,
    indicator_value numeric,
    numerator numeric,
    denominator numeric,
    submitted_at timestamp,
    known_since date
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT DISTINCT ON (v.indicator_key, v.agency_key, v.unit_key, v.period_code)
        i.indicator_code,
        a.agency_code,
        u.unit_code,
        v.unit_key,
        v.period_code,
        v.revision_number,
        v.indicator_value,
        v.numerator,
        v.denominator,
        v.submitted_at,
        b.as_of
    FROM dw.fact_indicator_value AS v
    INNER JOIN meta.batch AS b ON v.batch_key = b.batch_key
    INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
    INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
    INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
    WHERE b.as_of <= day
    ORDER BY v.indicator_key, v.agency_key, v.unit_key, v.period_code, v.revision_number DESC
$$;
COMMENT ON FUNCTION mart.indicator_value_as_known_at IS
'Grain: one row per indicator, agency, commune and period: the revision that the warehouse held after the
night of that day. A revision that its sender overwrote without a new number is known since the overwriting.';

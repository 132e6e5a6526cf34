-- Purpose: a forecast of what is reported where the facts tell of too few months, as with measures of people,
-- of which only the last month of the population is counted.
DROP MATERIALIZED VIEW mart.indicator_progress;

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
        t.source AS forecast_source,
        coalesce(t.months, 0) AS forecast_months,
        coalesce(c.months, 0) AS computed_months,
        f.min_months,
        CASE
            WHEN t.months >= f.min_months
                THEN round((t.intercept + t.slope * (j.target_year * 12 + 12))::numeric, 2)
        END AS straight
    FROM joined AS j
    CROSS JOIN meta.indicator_forecast_rule AS f
    LEFT JOIN trend AS c ON j.indicator_key = c.indicator_key AND c.source = 'computed'
    LEFT JOIN trend AS r ON j.indicator_key = r.indicator_key AND r.source = 'reported'
    -- Facts that say little of the past, such as a population of one month, leave the trend to the reports.
    LEFT JOIN trend AS t
        ON
            j.indicator_key = t.indicator_key
            AND CASE
                WHEN f.min_months <= c.months OR coalesce(c.months, 0) >= coalesce(r.months, 0)
                    THEN 'computed'
                ELSE 'reported'
            END = t.source
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
    b.forecast_source,
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
        ELSE
            CASE
                WHEN b.forecast_value IS NULL
                    THEN 'Mới có ' || b.forecast_months || ' tháng số liệu, cần ít nhất ' || b.min_months
                ELSE
                    'Xu thế bền vững Theil–Sen trên ' || b.forecast_months || ' tháng, đến tháng 12/'
                    || b.target_year
            END
            || CASE
                WHEN b.forecast_source = 'reported' AND b.computed_months > 0
                    THEN
                        '; theo số liệu báo cáo, vì giá trị tính từ dữ liệu của kho mới có '
                        || b.computed_months || ' tháng'
                ELSE ''
            END
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
COMMENT ON COLUMN mart.indicator_progress.forecast_source IS
'Whose months the trend is made of: computed, or reported where the computed ones are too few, as the note
says.';

SELECT meta.grant_roles();

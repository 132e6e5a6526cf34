-- Purpose: everything that is counted by commune, in one long table, and the same figures by the units of any
-- day: as it was, as it is, as it will be after a reorganisation that is only announced.
CREATE TABLE dw.dim_unit_of_measure (
    unit_code text PRIMARY KEY,
    name_vi text NOT NULL,
    quantity text NOT NULL,
    is_additive boolean NOT NULL
);
COMMENT ON TABLE dw.dim_unit_of_measure IS
'Grain: one row per unit in which the warehouse keeps values. Values of a unit that is not additive (shares,
ranks, indices) are never summed and never divided among communes.';
INSERT INTO dw.dim_unit_of_measure (unit_code, name_vi, quantity, is_additive) VALUES
('-1', 'Không rõ', 'unknown', FALSE),
('-2', 'Không áp dụng', 'unknown', FALSE),
('vnd', 'đồng', 'money', TRUE),
('million_vnd', 'triệu đồng', 'money', TRUE),
('person', 'người', 'count', TRUE),
('household', 'hộ', 'count', TRUE),
('head', 'con', 'count', TRUE),
('dossier', 'hồ sơ', 'count', TRUE),
('case', 'vụ, lượt', 'count', TRUE),
('quantity', 'cái, công trình, đơn vị', 'count', TRUE),
('count', 'số lượng', 'count', TRUE),
('hectare', 'ha', 'area', TRUE),
('square_metre', 'm²', 'area', TRUE),
('tonne', 'tấn', 'mass', TRUE),
('percent', '%', 'share', FALSE),
('percent_grdp', '% GRDP', 'share', FALSE),
('percent_population', '% dân số', 'share', FALSE),
('percent_per_year', '%/năm', 'rate', FALSE),
('per_1000_people', 'trên 1.000 dân', 'rate', FALSE),
('rank', 'thứ bậc', 'rank', FALSE),
('index', 'chỉ số', 'index', FALSE),
('none', 'không có đơn vị', 'unknown', FALSE);

CREATE TABLE dw.dim_measure (
    measure_code text PRIMARY KEY,
    name_vi text NOT NULL,
    unit_code text NOT NULL REFERENCES dw.dim_unit_of_measure (unit_code),
    decimals smallint NOT NULL,
    is_stock boolean NOT NULL,
    breakdown text NOT NULL,
    source_fact text NOT NULL
);
COMMENT ON TABLE dw.dim_measure IS
'Grain: one row per measure of dw.unit_measure. All of them may be summed over communes; a stock (the state
at the end of a period) may not be summed over periods.';
COMMENT ON COLUMN dw.dim_measure.decimals IS
'Where a commune is divided, values are shared out in steps of this size at most; a value with more decimals
in steps of its own last one. Whole numbers stay whole.';
COMMENT ON COLUMN dw.dim_measure.breakdown IS 'What dw.unit_measure.breakdown says for this measure.';
INSERT INTO dw.dim_measure (
    measure_code, name_vi, unit_code, decimals, is_stock, breakdown, source_fact
) VALUES
('dossier.received', 'Hồ sơ tiếp nhận', 'dossier', 0, FALSE, '', 'fact_dossier'),
('dossier.finished', 'Hồ sơ tiếp nhận trong tháng đã giải quyết', 'dossier', 0, FALSE, '', 'fact_dossier'),
(
    'dossier.finished_on_time', 'Hồ sơ tiếp nhận trong tháng đã giải quyết đúng hạn', 'dossier', 0, FALSE, '',
    'fact_dossier'
),
('dossier.received_online', 'Hồ sơ tiếp nhận trực tuyến', 'dossier', 0, FALSE, '', 'fact_dossier'),
('population.people', 'Dân số', 'person', 0, TRUE, '', 'fact_population'),
('population.female', 'Dân số nữ', 'person', 0, TRUE, '', 'fact_population'),
('population.households', 'Số hộ', 'household', 0, TRUE, '', 'fact_population'),
('population.births', 'Số trẻ sinh ra', 'person', 0, FALSE, '', 'fact_population'),
('population.deaths', 'Số người chết', 'person', 0, FALSE, '', 'fact_population'),
(
    'indicator.numerator', 'Tử số của chỉ tiêu', 'count', 0, FALSE, 'indicator_code',
    'fact_indicator_value'
),
(
    'indicator.denominator', 'Mẫu số của chỉ tiêu', 'count', 0, FALSE, 'indicator_code',
    'fact_indicator_value'
),
(
    'indicator.quantity', 'Giá trị của chỉ tiêu tính bằng số lượng', 'count', 0, FALSE, 'indicator_code',
    'fact_indicator_value'
),
('land.parcels', 'Số thửa đất', 'quantity', 0, TRUE, 'land_use_code', 'fact_land_parcel'),
('land.area_m2', 'Diện tích thửa đất', 'square_metre', 1, TRUE, 'land_use_code', 'fact_land_parcel'),
(
    'land.certified', 'Số thửa đất đã cấp giấy chứng nhận', 'quantity', 0, TRUE, 'land_use_code',
    'fact_land_parcel'
),
('school.schools', 'Số trường', 'quantity', 0, TRUE, 'level_code', 'fact_school_month'),
('school.classes', 'Số lớp', 'quantity', 0, TRUE, 'level_code', 'fact_school_month'),
('school.students', 'Số học sinh', 'person', 0, TRUE, 'level_code', 'fact_school_month'),
('school.girls', 'Số học sinh nữ', 'person', 0, TRUE, 'level_code', 'fact_school_month'),
('school.teachers', 'Số giáo viên', 'person', 0, TRUE, 'level_code', 'fact_school_month'),
('form.stock', 'Biểu mẫu xã: số cuối tháng', 'count', 0, TRUE, 'line_code', 'fact_commune_form_value'),
('form.flow', 'Biểu mẫu xã: số trong tháng', 'count', 0, FALSE, 'line_code', 'fact_commune_form_value'),
('cashless.transactions', 'Giao dịch không dùng tiền mặt', 'case', 0, FALSE, '', 'fact_cashless_payment'),
('cashless.total', 'Tổng số giao dịch', 'case', 0, FALSE, '', 'fact_cashless_payment'),
(
    'cashless.amount', 'Giá trị giao dịch không dùng tiền mặt', 'million_vnd', 2, FALSE, '',
    'fact_cashless_payment'
),
('health.records', 'Hồ sơ sức khỏe', 'person', 0, TRUE, '', 'fact_health_record'),
('health.insured', 'Hồ sơ sức khỏe của người có bảo hiểm y tế', 'person', 0, TRUE, '', 'fact_health_record'),
('enterprise.count', 'Cơ sở kinh doanh', 'quantity', 0, TRUE, 'status_code', 'dim_enterprise');

CREATE TABLE dw.dim_unit_ratio (
    ratio_code text PRIMARY KEY,
    name_vi text NOT NULL,
    numerator_measure text NOT NULL REFERENCES dw.dim_measure (measure_code),
    denominator_measure text NOT NULL REFERENCES dw.dim_measure (measure_code),
    multiplier numeric NOT NULL
);
COMMENT ON TABLE dw.dim_unit_ratio IS
'Grain: one row per ratio of mart.unit_ratio_*: multiplier × numerator ÷ denominator, each summed before.';
INSERT INTO dw.dim_unit_ratio VALUES
(
    'dossier.on_time_percent', 'Tỷ lệ hồ sơ giải quyết đúng hạn', 'dossier.finished_on_time',
    'dossier.finished', 100
),
(
    'dossier.online_percent', 'Tỷ lệ hồ sơ tiếp nhận trực tuyến', 'dossier.received_online',
    'dossier.received', 100
),
('population.female_percent', 'Tỷ lệ nữ', 'population.female', 'population.people', 100),
('population.household_size', 'Số người bình quân một hộ', 'population.people', 'population.households', 1),
(
    'indicator.percent',
    'Chỉ tiêu tính từ tử số và mẫu số',
    'indicator.numerator',
    'indicator.denominator',
    100
),
('land.certified_percent', 'Tỷ lệ thửa đất đã cấp giấy', 'land.certified', 'land.parcels', 100),
('school.girl_percent', 'Tỷ lệ học sinh nữ', 'school.girls', 'school.students', 100),
('school.class_size', 'Số học sinh bình quân một lớp', 'school.students', 'school.classes', 1),
(
    'cashless.share_percent',
    'Tỷ lệ giao dịch không dùng tiền mặt',
    'cashless.transactions',
    'cashless.total',
    100
),
('health.insured_percent', 'Tỷ lệ có bảo hiểm y tế', 'health.insured', 'health.records', 100);

CREATE FUNCTION dw.period_end(period_code text) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN period_code ~ '^\d{4}-M(0[1-9]|1[0-2])$'
        THEN
            (make_date(left(period_code, 4)::int, right(period_code, 2)::int, 1) + interval '1 month - 1 day')
    WHEN period_code ~ '^\d{4}-Q[1-4]$'
        THEN
            (
                make_date(left(period_code, 4)::int, right(period_code, 1)::int * 3, 1)
                + interval '1 month - 1 day'
            )
    WHEN period_code ~ '^\d{4}-H[12]$'
        THEN
            (
                make_date(left(period_code, 4)::int, right(period_code, 1)::int * 6, 1)
                + interval '1 month - 1 day'
            )
    WHEN period_code ~ '^\d{4}$' THEN make_date(period_code::int, 12, 31)
END::date;
COMMENT ON FUNCTION dw.period_end IS
'The last day of 2026-M10, 2026-Q4, 2026-H1 or 2026; NULL for anything else.';

CREATE MATERIALIZED VIEW dw.unit_measure AS
SELECT
    m.measure_code,
    '' AS breakdown,
    '' AS agency_code,
    f.unit_key,
    f.period_code,
    sum(m.value) AS value
FROM (
    SELECT
        unit_key,
        CASE
            WHEN received_date_key < 0 THEN ''
            ELSE
                format(
                    '%s-M%s', received_date_key / 10000, lpad((received_date_key / 100 % 100)::text, 2, '0')
                )
        END AS period_code,
        received,
        finished,
        finished_on_time,
        received_online
    FROM (
        SELECT
            unit_key,
            min(received_date_key) AS received_date_key,
            count(*)::numeric AS received,
            count(finished_at)::numeric AS finished,
            (count(*) FILTER (WHERE is_on_time))::numeric AS finished_on_time,
            (count(*) FILTER (WHERE channel_code = '2'))::numeric AS received_online
        FROM dw.fact_dossier
        GROUP BY unit_key, received_date_key / 100
    ) AS d
) AS f
CROSS JOIN
    LATERAL (
        VALUES ('dossier.received', f.received),
        ('dossier.finished', f.finished),
        ('dossier.finished_on_time', f.finished_on_time),
        ('dossier.received_online', f.received_online)
    ) AS m (measure_code, value)
GROUP BY m.measure_code, f.unit_key, f.period_code
UNION ALL
SELECT
    m.measure_code,
    '',
    '',
    f.unit_key,
    f.period_code,
    m.value
FROM dw.fact_population AS f
CROSS JOIN
    LATERAL (
        VALUES ('population.people', f.population_count::numeric),
        ('population.female', f.female_count::numeric),
        ('population.households', f.household_count::numeric),
        ('population.births', f.birth_count::numeric),
        ('population.deaths', f.death_count::numeric)
    ) AS m (measure_code, value)
WHERE m.value IS NOT NULL
UNION ALL
SELECT
    m.measure_code,
    i.indicator_code,
    a.agency_code,
    f.unit_key,
    f.period_code,
    sum(m.value)
FROM dw.fact_indicator_value AS f
INNER JOIN dw.dim_indicator AS i ON f.indicator_key = i.indicator_key
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
LEFT JOIN dw.dim_unit_of_measure AS u ON f.unit_code = u.unit_code
CROSS JOIN
    LATERAL (
        VALUES ('indicator.numerator', CASE WHEN f.denominator IS NOT NULL THEN f.numerator END),
        ('indicator.denominator', CASE WHEN f.numerator IS NOT NULL THEN f.denominator END),
        (
            'indicator.quantity',
            CASE
                WHEN u.is_additive AND f.numerator IS NULL AND f.denominator IS NULL THEN f.indicator_value
            END
        )
    ) AS m (measure_code, value)
WHERE f.is_current AND m.value IS NOT NULL
GROUP BY m.measure_code, i.indicator_code, a.agency_code, f.unit_key, f.period_code
UNION ALL
SELECT
    m.measure_code,
    f.land_use_code,
    '',
    f.unit_key,
    '',
    sum(m.value)
FROM dw.fact_land_parcel AS f
CROSS JOIN
    LATERAL (
        VALUES ('land.parcels', 1::numeric),
        ('land.area_m2', f.area_m2),
        ('land.certified', f.has_certificate::int::numeric)
    ) AS m (measure_code, value)
WHERE NOT f.is_deleted
GROUP BY m.measure_code, f.land_use_code, f.unit_key
UNION ALL
SELECT
    m.measure_code,
    f.level_code,
    '',
    f.unit_key,
    f.period_code,
    sum(m.value)
FROM dw.fact_school_month AS f
CROSS JOIN
    LATERAL (
        VALUES ('school.schools', 1::numeric),
        ('school.classes', f.class_count::numeric),
        ('school.students', f.student_count::numeric),
        ('school.girls', f.girl_count::numeric),
        ('school.teachers', f.teacher_count::numeric)
    ) AS m (measure_code, value)
WHERE m.value IS NOT NULL
GROUP BY m.measure_code, f.level_code, f.unit_key, f.period_code
UNION ALL
SELECT
    'form.' || l.measure_kind,
    l.line_code,
    '',
    f.unit_key,
    f.period_code,
    sum(f.month_value)
FROM dw.fact_commune_form_value AS f
INNER JOIN dw.dim_commune_form_line AS l ON f.line_key = l.line_key
WHERE f.is_current AND f.month_value IS NOT NULL AND l.measure_kind IN ('stock', 'flow')
GROUP BY l.measure_kind, l.line_code, f.unit_key, f.period_code
UNION ALL
SELECT
    m.measure_code,
    '',
    '',
    f.unit_key,
    f.period_code,
    m.value
FROM (
    SELECT
        unit_key,
        period_code,
        sum(transaction_count) AS transactions,
        max(total_count)::numeric AS total,
        sum(amount_million_vnd) AS amount
    FROM dw.fact_cashless_payment
    GROUP BY unit_key, period_code
) AS f
CROSS JOIN
    LATERAL (
        VALUES ('cashless.transactions', f.transactions),
        ('cashless.total', f.total),
        ('cashless.amount', f.amount)
    ) AS m (measure_code, value)
UNION ALL
SELECT
    m.measure_code,
    '',
    '',
    f.unit_key,
    '',
    m.value
FROM (
    SELECT
        unit_key,
        count(*)::numeric AS records,
        (count(*) FILTER (WHERE has_insurance))::numeric AS insured
    FROM dw.fact_health_record
    GROUP BY unit_key
) AS f
CROSS JOIN
    LATERAL (
        VALUES ('health.records', f.records), ('health.insured', f.insured)
    ) AS m (measure_code, value)
UNION ALL
SELECT
    'enterprise.count',
    coalesce(status_code, ''),
    '',
    unit_key,
    '',
    count(*)::numeric
FROM dw.dim_enterprise
WHERE is_current AND enterprise_key > 0
GROUP BY coalesce(status_code, ''), unit_key;
CREATE UNIQUE INDEX unit_measure_key
ON dw.unit_measure (measure_code, period_code, unit_key, breakdown, agency_code);
COMMENT ON MATERIALIZED VIEW dw.unit_measure IS
'Grain: measure, breakdown, reporting agency, unit of the day, period. What the marts by commune are made of.
An empty period is the latest state. Shares are not here: see dw.dim_unit_ratio.';

-- Each value of a divided unit is shared out by largest remainder: every part gets its share rounded down,
-- and what is left goes, a step each, to the parts that lost most; among equals to the lower code.
CREATE FUNCTION mart.unit_measures(as_of date)
RETURNS TABLE (
    measure_code text, breakdown text, agency_code text, period_code text, period_end date,
    unit_key integer, unit_code text, unit_name text, unit_level text,
    district_code text, district_name text, province_code text, province_name text,
    value numeric, value_from_splits numeric, split_method text
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT
        v.measure_code, v.breakdown, v.agency_code, v.period_code, dw.period_end(v.period_code),
        u.unit_key, u.unit_code, u.name_vi, u.unit_level,
        CASE 'district' WHEN u.unit_level THEN u.unit_code WHEN p.unit_level THEN p.unit_code END,
        CASE 'district' WHEN u.unit_level THEN u.name_vi WHEN p.unit_level THEN p.name_vi END,
        CASE 'province'
            WHEN u.unit_level THEN u.unit_code WHEN p.unit_level THEN p.unit_code
            WHEN g.unit_level THEN g.unit_code
        END,
        CASE 'province'
            WHEN u.unit_level THEN u.name_vi WHEN p.unit_level THEN p.name_vi WHEN g.unit_level THEN g.name_vi
        END,
        v.value, v.value_from_splits, v.split_method
    FROM (
        SELECT
            w.measure_code, w.breakdown, w.agency_code, w.period_code, w.target_key,
            sum(w.value) AS value,
            coalesce(sum(w.value) FILTER (WHERE w.split_method IS NOT NULL), 0) AS value_from_splits,
            string_agg(DISTINCT w.split_method, ', ') AS split_method
        FROM (
            SELECT
                m.measure_code, m.breakdown, m.agency_code, m.period_code, l.target_key, m.value,
                NULL AS split_method
            FROM dw.unit_measure AS m
            INNER JOIN dw.unit_lineage($1) AS l ON m.unit_key = l.unit_key
            WHERE l.targets = 1
            UNION ALL
            SELECT
                s.measure_code, s.breakdown, s.agency_code, s.period_code, s.target_key,
                round((floor(s.share) + (s.place <= s.left_over)::int) / s.steps_of_one, s.decimals),
                s.split_method
            FROM (
                SELECT
                    q.*,
                    row_number() OVER (unit ORDER BY q.share - floor(q.share) DESC, q.target_code) AS place,
                    q.steps - sum(floor(q.share)) OVER unit AS left_over
                FROM (
                    SELECT
                        m.measure_code, m.breakdown, m.agency_code, m.period_code, m.unit_key, l.target_key,
                        t.unit_code AS target_code,
                        array_to_string(l.methods, ' × ') AS split_method,
                        d.decimals,
                        d.steps_of_one,
                        m.value * d.steps_of_one AS steps,
                        l.weight * m.value * d.steps_of_one AS share
                    FROM dw.unit_measure AS m
                    INNER JOIN dw.dim_measure AS k ON m.measure_code = k.measure_code
                    INNER JOIN dw.unit_lineage($1) AS l ON m.unit_key = l.unit_key AND l.targets > 1
                    INNER JOIN dw.dim_administrative_unit AS t ON l.target_key = t.unit_key
                    CROSS JOIN LATERAL (
                        SELECT
                            greatest(k.decimals, scale(trim_scale(m.value))) AS decimals,
                            round(
                                power(10::numeric, greatest(k.decimals, scale(trim_scale(m.value))))
                            ) AS steps_of_one
                    ) AS d
                ) AS q
                WINDOW unit AS (
                    PARTITION BY q.measure_code, q.period_code, q.unit_key, q.breakdown, q.agency_code
                )
            ) AS s
        ) AS w
        GROUP BY w.measure_code, w.breakdown, w.agency_code, w.period_code, w.target_key
    ) AS v
    INNER JOIN dw.dim_administrative_unit AS u ON v.target_key = u.unit_key
    CROSS JOIN LATERAL (
        SELECT
            least(
                coalesce($1, dw.period_end(v.period_code), dw.today()), coalesce(u.valid_to, 'infinity')
            ) AS day
    ) AS at
    LEFT JOIN dw.dim_administrative_unit AS p
        ON
            u.parent_code = p.unit_code
            AND greatest(at.day, u.valid_from) BETWEEN p.valid_from AND coalesce(p.valid_to, 'infinity')
    LEFT JOIN dw.dim_administrative_unit AS g
        ON
            p.parent_code = g.unit_code
            AND greatest(at.day, u.valid_from) BETWEEN g.valid_from AND coalesce(g.valid_to, 'infinity')
$$;
COMMENT ON FUNCTION mart.unit_measures(date) IS
'Every measure by the units of a day, with the district and province above them then; NULL: by the units of
each period. Grain: measure, breakdown, reporting agency, period, unit. Totals are the same for every day.
What came out of a divided unit is in value_from_splits, split_method says by what it was shared out.';

CREATE VIEW mart.unit_measure_as_was AS
SELECT * FROM mart.unit_measures(NULL);
COMMENT ON VIEW mart.unit_measure_as_was IS
'Every measure by commune, as it was: by the units of each period, with their districts and provinces.
Grain: measure, breakdown, reporting agency, period, unit.';

CREATE VIEW mart.unit_measure_as_is AS
SELECT * FROM mart.unit_measures(dw.today());
COMMENT ON VIEW mart.unit_measure_as_is IS
'Every measure by commune, as it is: all periods by the units of today. Grain: measure, breakdown, reporting
agency, period, unit. value_from_splits is an estimate, made by split_method.';

CREATE FUNCTION mart.unit_ratios(as_of date)
RETURNS TABLE (
    ratio_code text, ratio_name text, breakdown text, agency_code text, period_code text, period_end date,
    unit_key integer, unit_code text, unit_name text, unit_level text,
    district_code text, district_name text, province_code text, province_name text,
    numerator numeric, denominator numeric, ratio numeric, is_estimate boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT
        r.ratio_code, r.name_vi, m.breakdown, m.agency_code, m.period_code, m.period_end,
        m.unit_key, m.unit_code, m.unit_name, m.unit_level,
        m.district_code, m.district_name, m.province_code, m.province_name,
        coalesce(sum(m.value) FILTER (WHERE m.measure_code = r.numerator_measure), 0),
        sum(m.value) FILTER (WHERE m.measure_code = r.denominator_measure),
        round(
            r.multiplier * coalesce(sum(m.value) FILTER (WHERE m.measure_code = r.numerator_measure), 0)
            / nullif(sum(m.value) FILTER (WHERE m.measure_code = r.denominator_measure), 0), 2
        ),
        bool_or(m.split_method IS NOT NULL)
    FROM mart.unit_measures($1) AS m
    INNER JOIN dw.dim_unit_ratio AS r ON m.measure_code IN (r.numerator_measure, r.denominator_measure)
    GROUP BY
        r.ratio_code, r.name_vi, m.breakdown, m.agency_code, m.period_code, m.period_end,
        m.unit_key, m.unit_code, m.unit_name, m.unit_level,
        m.district_code, m.district_name, m.province_code, m.province_name
    HAVING count(*) FILTER (WHERE m.measure_code = r.denominator_measure) > 0
$$;
COMMENT ON FUNCTION mart.unit_ratios(date) IS
'Ratios by the units of a day: numerator and denominator are brought there first, the ratio comes last. For
a larger area or a longer time sum numerator and denominator, never the ratio. NULL where the denominator is
0.';

CREATE VIEW mart.unit_ratio_as_was AS
SELECT * FROM mart.unit_ratios(NULL);
COMMENT ON VIEW mart.unit_ratio_as_was IS 'Ratios by the units of each period; see mart.unit_ratios.';

CREATE VIEW mart.unit_ratio_as_is AS
SELECT * FROM mart.unit_ratios(dw.today());
COMMENT ON VIEW mart.unit_ratio_as_is IS 'Ratios of all periods by the units of today; see mart.unit_ratios.';

-- Purpose: the targets of each indicator as the documents state them. Grain: indicator, year, document.
-- Can run twice: equal rows are left alone.
INSERT INTO dw.fact_indicator_target AS t (
    target_code,
    indicator_key,
    target_year,
    target_raw,
    comparator,
    target_low,
    target_high,
    unit_code,
    note_vi, plan_code, province_code, source_document, source_date, source_place, batch_key
)
SELECT
    s.target_code,
    i.indicator_key,
    s.target_year,
    s.target_raw,
    s.comparator,
    s.target_low,
    s.target_high,
    s.unit_code,
    s.note_vi,
    s.plan_code,
    s.province_code,
    s.source_document,
    s.source_date,
    s.source_place,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_indicator AS i ON s.indicator_code = i.indicator_code
ORDER BY s.target_code
ON CONFLICT (target_code) DO UPDATE
    SET
        indicator_key = excluded.indicator_key,
        target_year = excluded.target_year,
        target_raw = excluded.target_raw,
        comparator = excluded.comparator,
        target_low = excluded.target_low,
        target_high = excluded.target_high,
        unit_code = excluded.unit_code,
        note_vi = excluded.note_vi,
        plan_code = excluded.plan_code,
        province_code = excluded.province_code,
        source_document = excluded.source_document,
        source_date = excluded.source_date,
        source_place = excluded.source_place,
        batch_key = excluded.batch_key
    WHERE
    (
        t.indicator_key, t.target_year, t.target_raw, t.comparator, t.target_low, t.target_high,
        t.unit_code, t.note_vi, t.plan_code, t.province_code, t.source_document, t.source_date,
        t.source_place
    ) IS DISTINCT FROM (
        excluded.indicator_key, excluded.target_year, excluded.target_raw, excluded.comparator,
        excluded.target_low, excluded.target_high, excluded.unit_code, excluded.note_vi,
        excluded.plan_code, excluded.province_code, excluded.source_document, excluded.source_date,
        excluded.source_place
    );

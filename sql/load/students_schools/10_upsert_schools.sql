-- Purpose: the latest figures of each school and month. Grain: school, month.
-- Can run twice: equal rows are left alone; older figures never replace newer ones.
INSERT INTO dw.fact_school_month AS t (
    school_code, period_code, month_start_date_key, school_name, level_code, unit_key, class_count,
    student_count, girl_count, teacher_count, source_updated_at, batch_key
)
SELECT
    s.school_code,
    to_char(s.period_month, 'YYYY"-M"MM') AS period_code,
    dw.date_key(s.period_month, -1),
    s.school_name,
    s.level_code,
    coalesce(u.unit_key, -1),
    s.class_count,
    s.student_count,
    s.girl_count,
    s.teacher_count,
    s.updated_at,
    :batch_key
FROM accepted AS s
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (school_code, period_code) DO UPDATE
    SET
        school_name = excluded.school_name,
        level_code = excluded.level_code,
        unit_key = excluded.unit_key,
        class_count = excluded.class_count,
        student_count = excluded.student_count,
        girl_count = excluded.girl_count,
        teacher_count = excluded.teacher_count,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.school_name, t.level_code, t.unit_key, t.class_count, t.student_count, t.girl_count,
        t.teacher_count, t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.school_name, excluded.level_code, excluded.unit_key, excluded.class_count,
        excluded.student_count, excluded.girl_count, excluded.teacher_count, excluded.source_updated_at
    );

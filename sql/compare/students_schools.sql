-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.school_name,
    t.level_code,
    t.class_count,
    t.student_count,
    t.girl_count,
    t.teacher_count,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.fact_school_month AS t
    ON
        s.school_code = t.school_code
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')

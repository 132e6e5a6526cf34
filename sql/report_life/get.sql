-- Purpose: one report or draft, with the number it revises. Grain: at most one row. It only reads.
SELECT
    r.*,
    o.number AS revised_number,
    o.number_year AS revised_year,
    o.document AS revised_document
FROM dq.report AS r
LEFT JOIN dq.report AS o ON r.revises = o.report_id
WHERE r.report_id = :report_id;

-- Purpose: Dữ liệu của cơ quan nào kém chất lượng nhất trong đêm gần nhất?
-- Reads the mart only; it can run twice.
SELECT
    q.agency_code,
    q.agency_name,
    q.score,
    q.coverage
FROM mart.quality_index AS q
WHERE
    q.level = 'agency' AND q.agency_code <> ''
    AND q.as_of = (
        SELECT max(l.as_of)
        FROM mart.quality_index AS l
    )
ORDER BY q.score ASC NULLS LAST, q.agency_code ASC
LIMIT 20;

-- Purpose: the profiles of a dataset's nights since :since, the last loaded batch of each night.
-- Grain: one row per night and agency. Reads only.
WITH nights AS (
    SELECT DISTINCT ON (o.as_of) o.batch_id
    FROM dq.profile AS o
    INNER JOIN meta.batch AS b ON o.batch_id = b.batch_id
    WHERE
        o.dataset = :dataset
        AND o.agency_code = ''
        AND o.scope = :scope
        AND o.as_of >= :since
        AND o.as_of < :as_of
    ORDER BY o.as_of ASC, b.loaded_at DESC
)

SELECT
    p.as_of,
    p.agency_code,
    p.row_count,
    p.metrics
FROM dq.profile AS p
INNER JOIN nights AS n ON p.batch_id = n.batch_id
WHERE (p.agency_code <> '') = :of_agencies
ORDER BY p.as_of ASC, p.agency_code ASC;

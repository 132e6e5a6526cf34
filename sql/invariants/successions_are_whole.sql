-- Purpose: a reorganisation loses no unit and no part of one: what has ended has successors from the next day
-- on, and their shares make one whole. Grain: unit that has ended. It only reads.
WITH step AS (
    SELECT
        o.unit_key,
        o.unit_code,
        o.valid_to,
        count(b.new_unit_key) AS successors,
        sum(b.weight) AS weight,
        bool_and(
            b.effective_date = o.valid_to + 1
            AND b.effective_date BETWEEN n.valid_from AND coalesce(n.valid_to, 'infinity')
        ) AS is_next_day,
        count(*) FILTER (WHERE b.is_default) AS defaults
    FROM dw.dim_administrative_unit AS o
    LEFT JOIN dw.bridge_administrative_unit_succession AS b ON o.unit_key = b.old_unit_key
    LEFT JOIN dw.dim_administrative_unit AS n ON b.new_unit_key = n.unit_key
    WHERE o.unit_key > 0
    GROUP BY o.unit_key, o.unit_code, o.valid_to
)

SELECT
    'bridge_administrative_unit_succession' AS relation,
    format('%s, to %s', s.unit_code, coalesce(s.valid_to::text, 'now')) AS subject,
    CASE
        WHEN s.valid_to IS NULL THEN 'is in force and has a successor'
        WHEN s.successors = 0 THEN 'has ended, and nothing has taken its place'
        WHEN NOT coalesce(s.is_next_day, FALSE) THEN 'its successor does not follow the day after its last'
        WHEN s.defaults <> 1 THEN format('%s of its successors are the default', s.defaults)
        ELSE format('the shares of its successors add up to %s', s.weight)
    END AS problem,
    count(*) OVER () AS broken
FROM step AS s
WHERE
    (s.valid_to IS NULL AND s.successors > 0)
    OR (
        s.valid_to IS NOT NULL
        AND (
            s.successors = 0 OR NOT coalesce(s.is_next_day, FALSE) OR s.defaults <> 1
            OR abs(s.weight - 1) > 1e-9
        )
    )
ORDER BY s.unit_code
LIMIT 20;

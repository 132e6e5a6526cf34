-- Purpose: the order to erase that was begun for one of these subjects and not finished; else a new one.
-- Grain: one row. Can run twice: the second time it is the one that was begun.
WITH begun AS (
    SELECT e.erasure_id
    FROM meta.erasure AS e
    INNER JOIN meta.suppressed_subject AS s ON e.erasure_id = s.erasure_id
    WHERE e.finished_at IS NULL AND s.subject_ref = any(:refs)
    ORDER BY e.erasure_id
    LIMIT 1
),

opened AS (
    INSERT INTO meta.erasure (order_reference, decided_by, reason)
    SELECT
        :order_reference,
        :decided_by,
        :reason
    WHERE NOT EXISTS (SELECT FROM begun)
    RETURNING erasure_id
)

SELECT
    erasure_id,
    TRUE AS is_resumed
FROM begun
UNION ALL
SELECT
    erasure_id,
    FALSE AS is_resumed
FROM opened;

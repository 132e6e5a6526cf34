-- Purpose: fact_dossier follows late news of its administrative unit: each row points to the version that
-- is valid on its day, which is that of its receipt. Can run twice: what points there already is left
-- alone.
WITH moved AS (
    UPDATE dw.fact_dossier AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    WHERE
        t.unit_key = m.from_key
        AND t.received_at >= m.valid_from AND t.received_at < m.valid_to + 1
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

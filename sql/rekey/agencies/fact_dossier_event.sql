-- Purpose: fact_dossier_event follows late news of its agency: each row points to the version that is
-- valid on its day, which is that of the dossier's receipt. Can run twice: what points there already is
-- left alone.
WITH moved AS (
    UPDATE dw.fact_dossier_event AS t
    SET agency_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN dw.fact_dossier AS f
    WHERE
        t.agency_key = m.from_key
        AND t.dossier_code = f.dossier_code
        AND f.received_at >= m.valid_from AND f.received_at < m.valid_to + 1
    RETURNING t.agency_key
)

SELECT count(*) AS rows_moved
FROM moved;

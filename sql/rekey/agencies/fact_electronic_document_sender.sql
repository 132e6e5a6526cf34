-- Purpose: fact_electronic_document follows late news of its sender: each row points to the version that
-- is valid on its day, which is the day it was sent. Can run twice: what points there already is left
-- alone.
WITH moved AS (
    UPDATE dw.fact_electronic_document AS t
    SET sender_agency_key = m.to_key
    FROM moved_version AS m
    WHERE
        t.sender_agency_key = m.from_key
        AND t.sent_at >= m.valid_from AND t.sent_at < m.valid_to + 1
    RETURNING t.sender_agency_key
)

SELECT count(*) AS rows_moved
FROM moved;

-- Purpose: fact_electronic_document follows late news of its receiver: each row points to the version
-- that is valid on its day, which is the day it was sent. Can run twice: what points there already is
-- left alone. A row whose place is taken stays, and the invariant keys_are_of_their_day names it.
WITH moved AS (
    UPDATE dw.fact_electronic_document AS t
    SET receiver_agency_key = m.to_key
    FROM moved_version AS m
    WHERE
        t.receiver_agency_key = m.from_key
        AND t.sent_at >= m.valid_from AND t.sent_at < m.valid_to + 1
        AND NOT EXISTS (
            SELECT FROM dw.fact_electronic_document AS o
            WHERE
                o.receiver_agency_key = m.to_key -- noqa: RF01
                AND o.document_code = t.document_code
        )
    RETURNING t.receiver_agency_key
)

SELECT count(*) AS rows_moved
FROM moved;

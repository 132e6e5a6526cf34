-- Purpose: fact_land_parcel follows late news of its administrative unit: each row points to the version
-- that is valid on its day, which is the night that told its state; a tombstone's told only that it is
-- gone. Can run twice: what points there already is left alone.
WITH moved AS (
    UPDATE dw.fact_land_parcel AS t
    SET unit_key = m.to_key
    FROM moved_version AS m
    CROSS JOIN meta.batch AS d
    WHERE
        t.unit_key = m.from_key
        AND t.batch_key = d.batch_key AND NOT t.is_deleted
        AND d.as_of BETWEEN m.valid_from AND m.valid_to
    RETURNING t.unit_key
)

SELECT count(*) AS rows_moved
FROM moved;

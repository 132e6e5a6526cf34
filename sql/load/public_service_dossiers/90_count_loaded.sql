-- Purpose: how many accepted dossiers are in the star with every key resolved. On a first load those are
-- the rows that the load wrote. Later, the rows left out of the delta were compared with the star one by
-- one; of the delta, those count that this load wrote. A row with a key that leads nowhere is lost in the
-- joins, and spoils the count; rows of earlier loads were proved by theirs, and no member of a dimension is
-- ever deleted. Joins, because seven NOT IN cost half as much again; by hash: the planner does not know
-- the batch yet and takes its rows for a handful.
SET LOCAL enable_nestloop = off;

WITH written AS (
    SELECT count(*) AS rows_resolved
    FROM dw.fact_dossier AS f
    INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
    INNER JOIN dw.dim_procedure AS p ON f.procedure_key = p.procedure_key
    INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
    INNER JOIN dw.dim_date AS received ON f.received_date_key = received.date_key
    INNER JOIN dw.dim_date AS due ON f.due_date_key = due.date_key
    INNER JOIN dw.dim_date AS finished ON f.finished_date_key = finished.date_key
    INNER JOIN dw.dim_date AS returned ON f.returned_date_key = returned.date_key
    WHERE f.batch_key = :batch_key
),

delta AS (SELECT count(*) FILTER (WHERE d.differs) AS rows_different FROM stg.dossier_delta AS d)

SELECT
    CASE
        WHEN filling.is_first THEN written.rows_resolved
        ELSE :accepted - delta.rows_different + written.rows_resolved
    END AS loaded
FROM written, delta, filling;

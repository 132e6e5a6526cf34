-- Purpose: how many accepted dossiers are in the star with every key resolved. On a first load those are
-- the rows that the load wrote. Later, the rows left out of the delta were compared with the star one by
-- one; of the delta, those count that this load wrote. A key that leads nowhere spoils the count; rows of
-- earlier loads were proved by theirs, and no member of a dimension is ever deleted.
WITH fact AS (
    SELECT
        count(*) AS rows_in_all,
        count(*) FILTER (WHERE f.batch_key = :batch_key) AS rows_written,
        count(*) FILTER (
            WHERE f.batch_key = :batch_key AND (
                f.agency_key NOT IN (SELECT d.agency_key FROM dw.dim_agency AS d)
                OR f.procedure_key NOT IN (SELECT d.procedure_key FROM dw.dim_procedure AS d)
                OR f.unit_key NOT IN (SELECT d.unit_key FROM dw.dim_administrative_unit AS d)
                OR f.received_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
                OR f.due_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
                OR f.finished_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
                OR f.returned_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
            )
        ) AS rows_leading_nowhere
    FROM dw.fact_dossier AS f
),

delta AS (SELECT count(*) AS rows_different FROM stg.dossier_delta)

SELECT
    CASE
        WHEN fact.rows_written = fact.rows_in_all THEN fact.rows_written
        ELSE :accepted - delta.rows_different + fact.rows_written
    END - fact.rows_leading_nowhere AS loaded
FROM fact, delta;

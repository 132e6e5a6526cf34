-- Purpose: how many accepted dossiers are in the star with every key resolved. On a first load those are
-- the rows the load wrote. Later, the rows left out of the delta were compared with the star one by one;
-- of the delta, those count that this load wrote. A key that leads nowhere spoils the count.
WITH fact AS (
    SELECT
        count(*) AS rows_in_all,
        count(*) FILTER (WHERE batch_key = :batch_key) AS rows_written
    FROM dw.fact_dossier
),

delta AS (SELECT count(*) AS rows_different FROM stg.dossier_delta),

orphan AS (
    SELECT count(*) AS keys
    FROM (
        SELECT k.agency_key
        FROM (SELECT DISTINCT agency_key FROM dw.fact_dossier) AS k
        WHERE k.agency_key NOT IN (SELECT d.agency_key FROM dw.dim_agency AS d)
        UNION ALL
        SELECT k.procedure_key
        FROM (SELECT DISTINCT procedure_key FROM dw.fact_dossier) AS k
        WHERE k.procedure_key NOT IN (SELECT d.procedure_key FROM dw.dim_procedure AS d)
        UNION ALL
        SELECT k.unit_key
        FROM (SELECT DISTINCT unit_key FROM dw.fact_dossier) AS k
        WHERE k.unit_key NOT IN (SELECT d.unit_key FROM dw.dim_administrative_unit AS d)
        UNION ALL
        SELECT k.received_date_key
        FROM (SELECT DISTINCT received_date_key FROM dw.fact_dossier) AS k
        WHERE k.received_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        UNION ALL
        SELECT k.due_date_key
        FROM (SELECT DISTINCT due_date_key FROM dw.fact_dossier) AS k
        WHERE k.due_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        UNION ALL
        SELECT k.finished_date_key
        FROM (SELECT DISTINCT finished_date_key FROM dw.fact_dossier) AS k
        WHERE k.finished_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
        UNION ALL
        SELECT k.returned_date_key
        FROM (SELECT DISTINCT returned_date_key FROM dw.fact_dossier) AS k
        WHERE k.returned_date_key NOT IN (SELECT d.date_key FROM dw.dim_date AS d)
    ) AS leading_nowhere
)

SELECT
    CASE
        WHEN fact.rows_written = fact.rows_in_all THEN fact.rows_written
        ELSE :accepted - delta.rows_different + fact.rows_written
    END - orphan.keys AS loaded
FROM fact, delta, orphan;

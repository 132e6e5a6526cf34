-- Purpose: how many accepted dossiers are in the star with every key resolved. The rows left out of the
-- delta were compared with the star one by one; of the delta, those count that are there now, written by
-- this load, with keys that all lead somewhere.
SELECT
    :accepted
    - (SELECT count(*) FROM stg.dossier_delta)
    + (
        SELECT count(*)
        FROM dw.fact_dossier
        WHERE
            batch_key = :batch_key
            AND agency_key IN (SELECT agency_key FROM dw.dim_agency)
            AND procedure_key IN (SELECT procedure_key FROM dw.dim_procedure)
            AND unit_key IN (SELECT unit_key FROM dw.dim_administrative_unit)
            AND received_date_key IN (SELECT date_key FROM dw.dim_date)
            AND due_date_key IN (SELECT date_key FROM dw.dim_date)
            AND finished_date_key IN (SELECT date_key FROM dw.dim_date)
            AND returned_date_key IN (SELECT date_key FROM dw.dim_date)
    ) AS loaded;

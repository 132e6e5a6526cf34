-- Purpose: how many accepted dossiers are now in the star with every key resolved, in this state or a
-- later one. The reconciliation compares it with the number accepted; only the delta needs a look, for
-- the rest was found equal to the star row by row.
SELECT
    (SELECT count(*) FROM accepted)
    - (
        SELECT count(*)
        FROM stg.dossier_delta AS d
        LEFT JOIN dw.fact_dossier AS t
            ON d.dossier_code = t.dossier_code AND d.source_updated_at <= t.source_updated_at
        LEFT JOIN dw.dim_agency AS a ON t.agency_key = a.agency_key
        LEFT JOIN dw.dim_procedure AS p ON t.procedure_key = p.procedure_key
        LEFT JOIN dw.dim_administrative_unit AS u ON t.unit_key = u.unit_key
        LEFT JOIN dw.dim_date AS r ON t.received_date_key = r.date_key
        LEFT JOIN dw.dim_date AS e ON t.due_date_key = e.date_key
        LEFT JOIN dw.dim_date AS f ON t.finished_date_key = f.date_key
        LEFT JOIN dw.dim_date AS b ON t.returned_date_key = b.date_key
        WHERE
            a.agency_key IS NULL OR p.procedure_key IS NULL OR u.unit_key IS NULL
            OR r.date_key IS NULL OR e.date_key IS NULL OR f.date_key IS NULL OR b.date_key IS NULL
    ) AS loaded;

-- Purpose: the catalogue of administrative procedures. Grain: one row per procedure code.
-- Can run twice: equal rows are left alone; an inferred row is completed, one that has
-- come back is in force again.
INSERT INTO dw.dim_procedure AS t (
    procedure_code,
    name_vi,
    sector_code,
    sector_name_vi,
    procedure_level,
    online_level,
    processing_working_days,
    batch_key
)
SELECT
    procedure_code,
    name_vi,
    sector_code,
    sector_vi,
    level,
    online_level,
    processing_working_days,
    :batch_key
FROM accepted
ORDER BY procedure_code
ON CONFLICT (procedure_code) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        sector_code = excluded.sector_code,
        sector_name_vi = excluded.sector_name_vi,
        procedure_level = excluded.procedure_level,
        online_level = excluded.online_level,
        processing_working_days = excluded.processing_working_days,
        is_inferred = FALSE,
        retired_on = NULL,
        batch_key = excluded.batch_key
    WHERE
    (
        t.name_vi,
        t.sector_code,
        t.sector_name_vi,
        t.procedure_level,
        t.online_level,
        t.processing_working_days,
        t.is_inferred,
        t.retired_on
    ) IS DISTINCT FROM (
        excluded.name_vi,
        excluded.sector_code,
        excluded.sector_name_vi,
        excluded.procedure_level,
        excluded.online_level,
        excluded.processing_working_days,
        FALSE,
        NULL
    );

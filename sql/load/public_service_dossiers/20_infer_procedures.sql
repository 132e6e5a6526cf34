-- Purpose: give each procedure that the catalogue does not know yet a row of its own, to be completed
-- when the catalogue brings it. Grain: one row per procedure code. Can run twice: known codes are left.
INSERT INTO dw.dim_procedure (procedure_code, name_vi, sector_code, is_inferred, batch_key)
SELECT
    d.procedure_code,
    coalesce(min(d.procedure_name), 'Chưa có trong danh mục'),
    min(d.sector_code),
    TRUE,
    :batch_key
FROM stg.dossier_delta AS d
WHERE d.procedure_key IS NULL
GROUP BY d.procedure_code
ORDER BY d.procedure_code
ON CONFLICT (procedure_code) DO NOTHING;

UPDATE stg.dossier_delta AS d
SET procedure_key = p.procedure_key
FROM dw.dim_procedure AS p
WHERE d.procedure_key IS NULL AND d.procedure_code = p.procedure_code;

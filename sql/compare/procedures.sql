-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.name_vi,
    t.sector_code,
    t.sector_name_vi AS sector_vi,
    t.procedure_level AS level,
    t.online_level,
    t.processing_working_days
FROM compared AS s
INNER JOIN dw.dim_procedure AS t ON s.procedure_code = t.procedure_code

-- Purpose: the codes of the shared catalogues, by the name that suites use. Grain: one row per catalogue that
-- was loaded. Only reads. Members that a fact has brought before the catalogue did are not known yet.
SELECT
    'agencies.agency_code' AS reference,
    array_agg(DISTINCT agency_code ORDER BY agency_code) AS codes
FROM dw.dim_agency
WHERE agency_key > 0 AND NOT is_inferred
HAVING count(*) > 0
UNION ALL
SELECT
    'procedures.procedure_code',
    array_agg(DISTINCT procedure_code ORDER BY procedure_code)
FROM dw.dim_procedure
WHERE procedure_key > 0 AND NOT is_inferred
HAVING count(*) > 0;

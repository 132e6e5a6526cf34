-- Purpose: the province that this warehouse is of, and whether anything was ever loaded into it.
SELECT
    (SELECT p.province_code FROM meta.province AS p) AS province_code,
    exists(SELECT FROM meta.batch) AS has_batches;

-- Purpose: the months of facts that ended before a day, and about how many rows each has. Grain: month of a
-- fact. It only reads.
SELECT
    name,
    greatest(about_rows, 1) AS items
FROM meta.fact_month
WHERE end_day <= :older_than
ORDER BY name;

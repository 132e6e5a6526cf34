-- Purpose: the datasets whose loads make pseudonyms. Grain: dataset. Can run twice: it only reads.
SELECT DISTINCT dataset
FROM meta.pseudonym_column
ORDER BY dataset;

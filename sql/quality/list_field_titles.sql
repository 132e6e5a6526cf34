-- Purpose: what the fields of the datasets are called, in the order of their contracts. It only reads.
SELECT
    dataset,
    source_name,
    title_vi
FROM meta.column_classification
WHERE classification <> 'personal'
ORDER BY dataset, position;

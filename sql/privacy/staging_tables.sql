-- Purpose: what batches of a dataset left in stg. Grain: table. It only reads.
SELECT tablename
FROM pg_tables
WHERE schemaname = 'stg' AND starts_with(tablename, :dataset || '_')
ORDER BY tablename;

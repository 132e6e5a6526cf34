-- Purpose: the states that a dataset's rows gave up by a day go, or only how many would go. Grain: table of
-- the star with a history. Can run twice: nothing is left to go.
SELECT
    h.table_name::text AS table_name,
    meta.prune_history(h.table_name, :older_than, :dry_run) AS items
FROM meta.history_table AS h
WHERE h.dataset = :dataset
ORDER BY 1;

-- Purpose: until the transaction ends, look rows up by what they hold instead of walking them in order
-- (:walks off), and let a look into the index of rules stop at about :fuzzy_limit rows (0: never). The
-- planner takes every rule for a common one. Grain: one row.
SELECT
    set_config('enable_indexscan', :walks, TRUE) AS walks,
    set_config('enable_indexonlyscan', :walks, TRUE) AS short_walks,
    set_config('enable_seqscan', :walks, TRUE) AS long_walks,
    set_config('gin_fuzzy_search_limit', :fuzzy_limit, TRUE) AS fuzzy_limit;

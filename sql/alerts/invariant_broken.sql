-- Purpose: invariants of the star that the last night found broken or could not ask. Grain: one row, or none.
-- It only reads.
SELECT
    count(*)::integer AS invariants,
    min(as_of) AS since
FROM dq.invariant_result
WHERE as_of = (SELECT max(i.as_of) FROM dq.invariant_result AS i) AND broken <> 0
HAVING count(*) > 0;

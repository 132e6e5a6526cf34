-- Purpose: when a night last got as far as the star. Grain: one row. It only reads.
SELECT max(checked_at) AS built_at
FROM dq.invariant_result;

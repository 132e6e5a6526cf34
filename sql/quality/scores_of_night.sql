-- Purpose: the scores of a dataset's night, agencies and platform together. Grain: principle. It only reads.
SELECT
    principle,
    sum(evaluated)::bigint AS evaluated,
    sum(failed)::bigint AS failed
FROM dq.score
WHERE dataset = :dataset AND as_of = :night
GROUP BY principle
ORDER BY principle;

-- Purpose: the nights of which the raw zone has a batch, the newest first. It only reads.
SELECT DISTINCT as_of
FROM meta.batch
WHERE dataset = :dataset AND replays IS NULL
ORDER BY as_of DESC
LIMIT 5;

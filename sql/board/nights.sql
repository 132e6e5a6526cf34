-- Purpose: the last nights of which anything is known, the newest first; one that is under way too.
-- Grain: one row per night, at most :most. It only reads.
SELECT as_of
FROM (
    SELECT as_of FROM meta.night
    UNION
    SELECT max(as_of) AS as_of FROM meta.batch WHERE replays IS NULL
) AS found
WHERE as_of IS NOT NULL
ORDER BY as_of DESC
LIMIT :most;

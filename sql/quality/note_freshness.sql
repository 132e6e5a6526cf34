-- Purpose: the newest change seen from a source. Can run twice: it never goes back.
INSERT INTO meta.freshness AS f (dataset, newest)
VALUES (:dataset, :newest)
ON CONFLICT (dataset) DO UPDATE SET newest = greatest(f.newest, excluded.newest)
RETURNING f.newest;

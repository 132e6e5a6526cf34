-- Purpose: the night before :as_of that last gave scores; NULL if none. Can run twice: it only reads.
SELECT max(as_of) AS as_of
FROM dq.score
WHERE as_of < :as_of;

-- Purpose: the weights that were written down for a day. Can run twice: it only reads.
SELECT
    weighting_id,
    content
FROM dq.weighting
WHERE valid_from <= :day
ORDER BY valid_from DESC, recorded_at DESC, weighting_id DESC
LIMIT 1;

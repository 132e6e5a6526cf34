-- Purpose: nights that were run again and then said 'unchanged' of what they had loaded say 'loaded' again.
UPDATE meta.night AS n
SET outcome = 'loaded'
FROM meta.batch AS b
WHERE n.outcome = 'unchanged' AND n.batch_id = b.batch_id AND b.status = 'loaded' AND b.as_of = n.as_of;

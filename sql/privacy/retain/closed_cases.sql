-- Purpose: the records of cases that were closed before a day. Grain: dataset. It only reads.
SELECT
    dataset,
    count(*) AS items
FROM dq.quarantine
WHERE status = 'resolved' AND resolved_at < :older_than AND raw <> '{}'
GROUP BY dataset
ORDER BY dataset;

-- Purpose: drafts from before a day that nobody has decided about. Grain: kind of report. It only reads.
SELECT
    kind,
    count(*) AS items
FROM dq.report
WHERE state = 'draft' AND drafted_at < :older_than
GROUP BY kind
ORDER BY kind;

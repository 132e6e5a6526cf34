-- Purpose: the reports that somebody has decided about: approved, replaced, rejected. Grain: kind and night.
-- It only reads.
SELECT DISTINCT
    kind,
    as_of
FROM dq.report
WHERE state <> 'draft';

-- Purpose: which corrections of a dataset have ever been applied. Grain: correction.
SELECT DISTINCT correction_id
FROM dq.correction_applied
WHERE dataset = :dataset;

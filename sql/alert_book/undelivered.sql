-- Purpose: why notices that were tried have not got through. Grain: one row per reason. It only reads.
SELECT DISTINCT error
FROM meta.alert_notice
WHERE sent_at IS NULL AND withdrawn_at IS NULL AND error IS NOT NULL
ORDER BY error;

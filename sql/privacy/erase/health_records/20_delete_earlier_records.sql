-- Purpose: the earlier states of a person's health records leave the history. Can run twice: nothing is left
-- to go.
DELETE FROM dw_history.fact_health_record
WHERE record_code = any(:keys);

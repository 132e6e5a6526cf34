-- Purpose: write down that somebody looks at the record of a case. Grain: one row per look.
SELECT dq.case_record(:quarantine_id, :purpose) IS NOT NULL AS found;

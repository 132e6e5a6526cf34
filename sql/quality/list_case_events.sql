-- Purpose: what happened to a case, in order. Grain: one row per event. It only reads.
SELECT
    event,
    happened_on,
    by_whom,
    dq.mask_text(reason) AS reason,
    until
FROM dq.case_event
WHERE quarantine_id = :quarantine_id
ORDER BY event_id;

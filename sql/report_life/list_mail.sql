-- Purpose: the mails of a report. Grain: one row per recipient and extract. It only reads.
SELECT
    recipient,
    agency_code,
    state,
    attempts,
    attempted_at,
    sent_at,
    error
FROM dq.report_mail
WHERE report_id = :report_id
ORDER BY recipient, agency_code;

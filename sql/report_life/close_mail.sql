-- Purpose: say how handing over a mail ended. Can run twice.
UPDATE dq.report_mail
SET
    state = :state,
    error = :error,
    sent_at = CASE WHEN :state = 'sent' THEN now() END
WHERE report_id = :report_id AND recipient = :recipient AND agency_code = :agency_code AND state = 'sending';

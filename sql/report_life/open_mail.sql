-- Purpose: say that a mail is about to be handed over. Gives a row only if it may be: it was never tried, the
-- last try surely failed, or a person asks for it again. Can run twice: the second gives none.
INSERT INTO dq.report_mail AS m (report_id, recipient, agency_code, state, message_id)
VALUES (:report_id, :recipient, :agency_code, 'sending', :message_id)
ON CONFLICT (report_id, recipient, agency_code)
DO UPDATE
    SET state = 'sending', attempts = m.attempts + 1, attempted_at = now(), error = NULL
    WHERE m.state = 'failed' OR (m.state = 'sending' AND :again)
RETURNING attempts;

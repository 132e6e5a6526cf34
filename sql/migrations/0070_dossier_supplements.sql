-- Purpose: what QĐ 766/QĐ-TTg asks of a dossier beside its dates: the time that the applicant took for a
-- supplement, which papers came or left digitally, and the changes of status that were seen.
ALTER TABLE dw.fact_dossier
ADD COLUMN supplement_asked_at timestamp,
ADD COLUMN supplement_received_at timestamp,
ADD COLUMN digitised_document_count integer,
ADD COLUMN electronic_result_count integer;
COMMENT ON COLUMN dw.fact_dossier.supplement_asked_at IS
'When the first supplement was asked for. A second request counts as late whatever its time.';
COMMENT ON COLUMN dw.fact_dossier.supplement_received_at IS
'When the applicant brought the first supplement; NULL while the office waits for it.';
COMMENT ON COLUMN dw.fact_dossier.digitised_document_count IS
'Of the papers handed in, those that were digitised.';
COMMENT ON COLUMN dw.fact_dossier.electronic_result_count IS
'Of the papers of the result, those that are electronic.';

CREATE FUNCTION dw.effective_due_at(due_at timestamp, asked_at timestamp, received_at timestamp)
RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN asked_at IS NULL OR asked_at > due_at THEN due_at
    WHEN received_at IS NULL THEN 'infinity'::timestamp
    ELSE due_at + greatest(received_at - asked_at, interval '0')
END;
COMMENT ON FUNCTION dw.effective_due_at IS
'QĐ 766/QĐ-TTg: the clock stands still from asking for a supplement until it comes. Asked for after the due
time, it moves nothing; not brought yet, no day is late.';

COMMENT ON COLUMN dw.fact_dossier.is_on_time IS
'QĐ 766/QĐ-TTg: finished no later than due, without the time that the applicant took for a supplement, and
not more than one request for supplements; NULL while open, and without a due time.';

CREATE TABLE dw.fact_dossier_event (
    dossier_code text NOT NULL,
    batch_key integer NOT NULL,
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key) NOT ENFORCED,
    changed_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    from_status_code text NOT NULL,
    status_code text NOT NULL,
    changed_at timestamp NOT NULL,
    PRIMARY KEY (dossier_code, batch_key)
);
COMMENT ON TABLE dw.fact_dossier_event IS
'Grain: one row per dossier and change of status that a night saw. The receipt is in fact_dossier; changes
between two nights are one change.';
COMMENT ON COLUMN dw.fact_dossier_event.changed_at IS
'When the source last changed the dossier in its new status.';

-- Purpose: how long each dossier took from one milestone to the next, in working days, in one place. They are
-- counted as the service index counts them: the day of receipt does not count, the last day does. The source
-- gives one time for submitting and receiving, so nothing is said of the time between them.
CREATE VIEW dw.dossier_lag AS
WITH worked AS MATERIALIZED (
    SELECT
        d.calendar_date,
        -- Of years that the calendar does not tell the working days of, nothing is counted.
        CASE
            WHEN d.is_working_day IS NOT NULL
                THEN (count(*) FILTER (WHERE d.is_working_day) OVER (ORDER BY d.calendar_date))::integer
        END AS number
    FROM dw.dim_date AS d
    WHERE d.calendar_date IS NOT NULL
)

SELECT
    f.dossier_code,
    f.agency_key,
    f.unit_key,
    f.procedure_key,
    f.received_date_key,
    due.number - received.number AS days_allowed,
    finished.number - received.number AS days_to_finish,
    supplemented.number - asked.number AS days_waiting_for_supplement,
    CASE
        WHEN finished.number > due.number THEN finished.number - due.number
        WHEN finished.number <= due.number THEN 0
    END AS days_late,
    returned.number - finished.number AS days_to_return
FROM dw.fact_dossier AS f
LEFT JOIN worked AS received ON f.received_at::date = received.calendar_date
LEFT JOIN worked AS due
    ON
        -- Without an end the due day waits for the supplement, and there is none.
        CASE
            WHEN dw.effective_due_at(f.due_at, f.supplement_asked_at, f.supplement_received_at) < 'infinity'
                THEN dw.effective_due_at(f.due_at, f.supplement_asked_at, f.supplement_received_at)::date
        END = due.calendar_date
LEFT JOIN worked AS finished ON f.finished_at::date = finished.calendar_date
LEFT JOIN worked AS returned ON f.returned_at::date = returned.calendar_date
LEFT JOIN worked AS asked ON f.supplement_asked_at::date = asked.calendar_date
LEFT JOIN worked AS supplemented ON f.supplement_received_at::date = supplemented.calendar_date;
COMMENT ON VIEW dw.dossier_lag IS
'Grain: one row per dossier, with the working days between its milestones; NULL where one is missing.';
COMMENT ON COLUMN dw.dossier_lag.days_allowed IS
'From receipt to the day it is due, which the wait for a first supplement puts off (QĐ 766/QĐ-TTg).';
COMMENT ON COLUMN dw.dossier_lag.days_late IS 'After the day it was due; 0 if it was finished by then.';
SELECT meta.grant_roles();

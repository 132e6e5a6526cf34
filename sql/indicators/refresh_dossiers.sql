-- Purpose: bring the marts of dossiers up to a day without blocking their readers. Can run twice.
-- In this order: the period is made of the days and the procedures.
UPDATE meta.mart_state
SET last_day = :last_day, made_from = :made_from;

REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_day;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_procedure_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_period;

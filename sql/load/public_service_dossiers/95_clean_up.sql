-- Purpose: leave nothing of this load behind.
SET LOCAL enable_nestloop = on;
DROP TABLE stg.dossier_delta, stg.dossier_candidate;
DROP VIEW pg_temp.resolved_dossier;
DROP VIEW pg_temp.calendar;
DROP TABLE pg_temp.unknown_procedure, pg_temp.met, pg_temp.filling, pg_temp.filled_month;

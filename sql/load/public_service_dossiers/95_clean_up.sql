-- Purpose: leave nothing of this load behind.
DROP TABLE stg.dossier_delta, stg.dossier_candidate;
DROP VIEW pg_temp.resolved_dossier;
DROP VIEW pg_temp.calendar;
DROP TABLE pg_temp.unknown_procedure, pg_temp.met;

-- Purpose: bring the materialised marts up to date without blocking their readers. Can run twice.
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_by_agency;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_overdue;
REFRESH MATERIALIZED VIEW CONCURRENTLY dw.unit_measure;

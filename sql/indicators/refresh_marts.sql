-- Purpose: bring the small marts of the operations centre up to date without blocking readers. Can run twice.
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.dossier_event_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.document_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.investment_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.enterprise_state;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.enterprise_event_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.social_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.health_state;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.land_state;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.task_state;

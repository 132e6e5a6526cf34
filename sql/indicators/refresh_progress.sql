-- Purpose: bring indicators and their progress up to date without blocking readers. Can run twice.
-- In this order: each is made of the ones before.
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.indicator_fact_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.indicator_month;
REFRESH MATERIALIZED VIEW CONCURRENTLY mart.indicator_progress;

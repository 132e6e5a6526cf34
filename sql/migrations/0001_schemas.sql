-- Purpose: the five rooms of the warehouse.
CREATE SCHEMA stg;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA dq;
CREATE SCHEMA dw;
CREATE SCHEMA mart;

COMMENT ON SCHEMA stg IS 'Transient tables of the batches being loaded; nothing here survives a load.';
COMMENT ON SCHEMA meta IS 'What the pipeline knows of its own work: batches, watermarks.';
COMMENT ON SCHEMA dq IS 'Data quality: rules, results, quarantine, reconciliation, scores.';
COMMENT ON SCHEMA dw IS 'The star: dim_* and fact_*.';
COMMENT ON SCHEMA mart IS 'What people and other systems read.';

-- Purpose: tell a replay of quarantined rows from a night: its few rows say nothing about the whole.
ALTER TABLE meta.batch ADD COLUMN replays text REFERENCES meta.batch (batch_id);
COMMENT ON COLUMN meta.batch.replays IS
'The batch whose quarantined rows were judged again; empty for what a source sent.';

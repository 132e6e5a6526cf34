-- Purpose: tell this transaction whose load it is, for what no bound parameter reaches: blocks and triggers.
-- Ends with the transaction.
SELECT set_config('kho.batch_key', cast(:batch_key AS text), TRUE) AS batch_key;

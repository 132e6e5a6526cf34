-- Purpose: tell this transaction whose load it is, for what no bound parameter reaches: blocks, and the
-- triggers that keep the history (meta.write_history). Empty: nobody's. Ends with the transaction.
SELECT set_config('kho.batch_key', cast(:batch_key AS text), TRUE) AS batch_key;

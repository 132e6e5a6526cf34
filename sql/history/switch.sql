-- Purpose: until the end of this transaction, or until said otherwise, keep no history (off) or keep it (on).
SELECT set_config('kho.history', :state, TRUE);

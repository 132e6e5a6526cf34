-- Purpose: what comes after in this transaction makes no pseudonyms. Can run twice.
SELECT set_config('kho.pseudonym_keys', '', TRUE);

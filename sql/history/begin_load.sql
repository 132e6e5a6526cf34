-- Purpose: say from which night the rows of a batch are believed, and, until the end of this transaction,
-- that it is this batch that supersedes what it changes (meta.write_history). Can run twice: it says the
-- same.
UPDATE meta.batch AS t
SET
    known_from = greatest(
        t.as_of, (SELECT max(b.known_from) FROM meta.batch AS b WHERE b.dataset = t.dataset)
    )
WHERE t.batch_key = :batch_key;

SELECT set_config('kho.batch_key', cast(:batch_key AS text), TRUE);

-- Purpose: say from which night the rows of a batch are believed. Can run twice: it says the same.
UPDATE meta.batch AS t
SET
    known_from = greatest(
        t.as_of, (SELECT max(b.known_from) FROM meta.batch AS b WHERE b.dataset = t.dataset)
    )
WHERE t.batch_key = :batch_key;

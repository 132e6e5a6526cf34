-- Purpose: from now on pseudonyms are made with the key of this fingerprint, and no key is in the database.
-- TRUNCATE, so that no page keeps a deleted row.
TRUNCATE meta.pseudonym_key;
UPDATE meta.pseudonym_state
SET
    fingerprint = :fingerprint,
    layers = :layers,
    changed_at = now();

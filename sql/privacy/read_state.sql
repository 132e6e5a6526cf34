-- Purpose: which key this warehouse's pseudonyms are made with, and the one that is still in it.
-- Grain: one row. Nobody else changes it until this transaction ends. Can run twice: it only reads.
SELECT
    s.fingerprint,
    s.layers,
    (SELECT k.secret FROM meta.pseudonym_key AS k) AS kept_secret
FROM meta.pseudonym_state AS s
FOR UPDATE;

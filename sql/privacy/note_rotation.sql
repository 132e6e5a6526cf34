-- Purpose: keep who changed the key of pseudonyms, and why.
INSERT INTO meta.pseudonym_rotation (
    rotated_by, reason, layers, fingerprint_before, fingerprint_after, rewritten
)
VALUES (:rotated_by, :reason, :layers, :fingerprint_before, :fingerprint_after, :rewritten);

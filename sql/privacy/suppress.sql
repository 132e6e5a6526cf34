-- Purpose: from now on nothing about these subjects is taken in. Can run twice: known ones stay as they are.
INSERT INTO meta.suppressed_subject (subject_ref, erasure_id, kind)
SELECT
    unnest(cast(:refs AS text[])),
    :erasure_id,
    :kind
ON CONFLICT (subject_ref) DO NOTHING;

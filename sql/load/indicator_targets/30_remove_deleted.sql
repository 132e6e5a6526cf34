-- Purpose: a target that the reference data no longer has leaves the fact; what it said is kept as deleted
-- in dw_history. Can run twice: what is gone is not found again. A replay, or a batch of which rows were
-- rejected, removes nothing: it does not know all targets.
DELETE FROM dw.fact_indicator_target AS t
WHERE
    EXISTS (SELECT FROM accepted)
    AND NOT EXISTS (SELECT FROM rejected)
    AND EXISTS (SELECT FROM meta.batch AS b WHERE b.batch_key = :batch_key AND b.replays IS NULL)
    AND NOT EXISTS (
        SELECT FROM accepted AS s
        WHERE s.target_code = t.target_code
    );

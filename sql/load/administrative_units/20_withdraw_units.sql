-- Purpose: a reorganisation that was announced and then put off or changed leaves nothing behind: units
-- that have not begun by the night of the batch, and that the reference data no longer has, are taken away
-- with the steps that lead to them. Nothing that has begun is removed: facts may point to it.
-- Can run twice: what is gone is not found again. A replay, or a batch of which rows were rejected, removes
-- nothing: it does not know all units.
CREATE TEMPORARY TABLE withdrawn_unit ON COMMIT DROP AS
SELECT u.unit_key
FROM dw.dim_administrative_unit AS u
INNER JOIN meta.batch AS b ON b.batch_key = :batch_key AND b.replays IS NULL AND u.valid_from > b.as_of
WHERE
    u.unit_key > 0
    AND NOT EXISTS (SELECT FROM rejected)
    AND NOT EXISTS (
        SELECT FROM accepted AS s
        WHERE s.unit_code = u.unit_code AND s.valid_from = u.valid_from
    );

DELETE FROM dw.bridge_administrative_unit_succession
WHERE
    old_unit_key IN (SELECT w.unit_key FROM withdrawn_unit AS w)
    OR new_unit_key IN (SELECT w.unit_key FROM withdrawn_unit AS w);

DELETE FROM dw.dim_administrative_unit
WHERE unit_key IN (SELECT w.unit_key FROM withdrawn_unit AS w);

DROP TABLE withdrawn_unit;

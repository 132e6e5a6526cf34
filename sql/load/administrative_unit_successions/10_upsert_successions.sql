-- Purpose: which unit went into which on the day of a reorganisation. Grain: old unit and new unit.
-- Can run twice: equal rows are left alone.
INSERT INTO dw.bridge_administrative_unit_succession AS t (
    old_unit_key, new_unit_key, effective_date, succession_kind, is_default, weight, batch_key
)
SELECT
    o.unit_key,
    n.unit_key,
    s.effective_date,
    s.succession_kind,
    s.is_default,
    s.weight,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_administrative_unit AS o
    ON
        s.old_unit_code = o.unit_code
        AND s.effective_date - 1 BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
INNER JOIN dw.dim_administrative_unit AS n
    ON
        s.new_unit_code = n.unit_code
        AND s.effective_date BETWEEN n.valid_from AND coalesce(n.valid_to, 'infinity')
ORDER BY s.old_unit_code, s.new_unit_code
ON CONFLICT (old_unit_key, new_unit_key) DO UPDATE
    SET
        effective_date = excluded.effective_date,
        succession_kind = excluded.succession_kind,
        is_default = excluded.is_default,
        weight = excluded.weight,
        batch_key = excluded.batch_key
    WHERE
    (t.effective_date, t.succession_kind, t.is_default, t.weight)
    IS DISTINCT FROM (
        excluded.effective_date, excluded.succession_kind, excluded.is_default, excluded.weight
    );

-- Purpose: how many accepted successions are in the bridge.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.dim_administrative_unit AS o
    ON
        s.old_unit_code = o.unit_code
        AND s.effective_date - 1 BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
INNER JOIN dw.dim_administrative_unit AS n
    ON
        s.new_unit_code = n.unit_code
        AND s.effective_date BETWEEN n.valid_from AND coalesce(n.valid_to, 'infinity')
INNER JOIN dw.bridge_administrative_unit_succession AS t
    ON o.unit_key = t.old_unit_key AND n.unit_key = t.new_unit_key;

-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.effective_date,
    t.succession_kind,
    t.is_default,
    t.part_population,
    t.part_area_km2,
    t.source_document,
    t.source_place
FROM compared AS s
INNER JOIN dw.dim_administrative_unit AS o
    ON
        s.old_unit_code = o.unit_code
        AND s.effective_date - 1 BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
INNER JOIN dw.dim_administrative_unit AS n
    ON
        s.new_unit_code = n.unit_code
        AND s.effective_date BETWEEN n.valid_from AND coalesce(n.valid_to, 'infinity')
INNER JOIN dw.bridge_administrative_unit_succession AS t
    ON o.unit_key = t.old_unit_key AND n.unit_key = t.new_unit_key

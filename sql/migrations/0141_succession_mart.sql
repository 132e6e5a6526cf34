-- Purpose: what became of each administrative unit, readable: names beside codes, the share of each part and
-- how it was found. Grain: old unit, new unit.
CREATE VIEW mart.administrative_unit_succession AS
SELECT
    b.effective_date,
    o.unit_level,
    o.unit_code AS old_unit_code,
    o.name_vi AS old_name_vi,
    n.unit_code AS new_unit_code,
    n.name_vi AS new_name_vi,
    b.succession_kind,
    b.is_default,
    b.weight,
    b.weight_method,
    b.part_population,
    b.part_area_km2,
    b.is_derived
FROM dw.bridge_administrative_unit_succession AS b
INNER JOIN dw.dim_administrative_unit AS o ON b.old_unit_key = o.unit_key
INNER JOIN dw.dim_administrative_unit AS n ON b.new_unit_key = n.unit_key;
COMMENT ON VIEW mart.administrative_unit_succession IS
'Grain: one row per unit that ended or changed and each unit that it went to; the shares of a unit make one.';

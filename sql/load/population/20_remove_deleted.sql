-- Purpose: figures that the source has withdrawn leave the fact; what they said is kept as deleted in
-- dw_history, and they come back if the source has them again. A month of which the source has nothing any
-- more was archived there, not withdrawn: it stays. Months are compared by their digits, however the source
-- writes them. Inputs: source_keys, all keys of the source at the moment of the extraction. Can run twice:
-- what is gone is not found again. An extraction that brought no keys removes nothing; figures that this
-- batch has brought stay.
DELETE FROM dw.fact_population AS t
USING dw.dim_administrative_unit AS u
WHERE
    t.unit_key = u.unit_key
    AND replace(t.period_code, '-M', '') IN (
        SELECT regexp_replace(k.period_code, '\D', '', 'g')
        FROM source_keys AS k
    )
    AND (u.unit_code, replace(t.period_code, '-M', '')) NOT IN (
        SELECT
            k.commune_code,
            regexp_replace(k.period_code, '\D', '', 'g')
        FROM source_keys AS k
        WHERE k.commune_code IS NOT NULL AND k.period_code IS NOT NULL
    )
    AND (u.unit_code, t.period_code) NOT IN (
        SELECT
            s.commune_code,
            to_char(s.period_month, 'YYYY"-M"MM')
        FROM accepted AS s
    );

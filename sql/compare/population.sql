-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.household_count,
    t.population_count,
    t.female_count,
    t.birth_count,
    t.death_count,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_population AS t
    ON
        u.unit_key = t.unit_key
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')

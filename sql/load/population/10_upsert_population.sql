-- Purpose: the latest population of each commune and month. Grain: commune, month.
-- Can run twice: equal rows are left alone; older figures never replace newer ones.
INSERT INTO dw.fact_population AS t (
    unit_key, period_code, month_start_date_key, household_count, population_count, female_count,
    birth_count, death_count, source_updated_at, batch_key
)
SELECT
    u.unit_key,
    to_char(s.period_month, 'YYYY"-M"MM') AS period_code,
    dw.date_key(s.period_month, -1),
    s.household_count,
    s.population_count,
    s.female_count,
    s.birth_count,
    s.death_count,
    s.updated_at,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (unit_key, period_code) DO UPDATE
    SET
        household_count = excluded.household_count,
        population_count = excluded.population_count,
        female_count = excluded.female_count,
        birth_count = excluded.birth_count,
        death_count = excluded.death_count,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.household_count, t.population_count, t.female_count, t.birth_count, t.death_count,
        t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.household_count, excluded.population_count, excluded.female_count, excluded.birth_count,
        excluded.death_count, excluded.source_updated_at
    );

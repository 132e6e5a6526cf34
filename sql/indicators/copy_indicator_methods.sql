-- Purpose: the warehouse's copy of include/indicators.yaml. Grain: indicator.
-- Can run twice: the copy is what was handed in, whatever it was before.
DELETE FROM meta.indicator_method;

INSERT INTO meta.indicator_method (
    indicator_code, measure, multiplier, formula_vi, missing_vi, certainty, sectors
)
SELECT
    m.indicator_code,
    m.measure,
    m.multiplier,
    m.formula_vi,
    m.missing_vi,
    m.certainty,
    m.sectors
FROM jsonb_populate_recordset(NULL::meta.indicator_method, cast(:methods AS jsonb)) AS m;

UPDATE meta.indicator_forecast_rule
SET min_months = :min_months;

-- Purpose: exactly one revision of each reported value is current: the highest.
-- Can run twice: only rows whose mark is wrong are touched.
UPDATE dw.fact_indicator_value AS t
SET is_current = r.is_last
FROM (
    SELECT
        agency_key,
        indicator_key,
        unit_key,
        period_code,
        revision_number,
        revision_number = max(revision_number) OVER (
            PARTITION BY agency_key, indicator_key, unit_key, period_code
        ) AS is_last
    FROM dw.fact_indicator_value
) AS r
WHERE
    t.agency_key = r.agency_key
    AND t.indicator_key = r.indicator_key
    AND t.unit_key = r.unit_key
    AND t.period_code = r.period_code
    AND t.revision_number = r.revision_number
    AND t.is_current IS DISTINCT FROM r.is_last;

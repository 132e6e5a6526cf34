-- Purpose: how many accepted records are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_health_record AS t
    ON s.record_code = t.record_code AND s.updated_at <= t.source_updated_at;

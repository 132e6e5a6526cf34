-- Purpose: how many accepted events are now in the star, in this form or a later one, each at a version
-- of its enterprise.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_enterprise_event AS t
    ON s.event_code = t.event_code AND s.updated_at <= t.source_updated_at
INNER JOIN dw.dim_enterprise AS d ON t.enterprise_key = d.enterprise_key;

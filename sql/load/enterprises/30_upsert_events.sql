-- Purpose: the events themselves, each at the state of the enterprise that it made. Grain: event.
-- Can run twice: equal rows are left alone; an older state of an event never replaces a newer one.
INSERT INTO dw.fact_enterprise_event AS t (
    event_code, enterprise_key, unit_key, agency_key, effective_date_key, event_type_code, event_number,
    status_code, charter_capital_vnd, source_updated_at, batch_key
)
SELECT
    e.event_code,
    d.enterprise_key,
    e.unit_key,
    e.agency_key,
    dw.date_key(e.effective_on, -1),
    e.event_type_code,
    e.event_number,
    e.status_code,
    e.charter_capital_vnd,
    e.updated_at,
    :batch_key
FROM enterprise_event AS e
INNER JOIN dw.dim_enterprise AS d
    ON e.enterprise_ref = d.enterprise_ref AND e.effective_on = d.valid_from
ON CONFLICT (event_code) DO UPDATE
    SET
        enterprise_key = excluded.enterprise_key,
        unit_key = excluded.unit_key,
        agency_key = excluded.agency_key,
        effective_date_key = excluded.effective_date_key,
        event_type_code = excluded.event_type_code,
        event_number = excluded.event_number,
        status_code = excluded.status_code,
        charter_capital_vnd = excluded.charter_capital_vnd,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.enterprise_key, t.unit_key, t.agency_key, t.effective_date_key, t.event_type_code,
        t.event_number, t.status_code, t.charter_capital_vnd, t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.enterprise_key, excluded.unit_key, excluded.agency_key, excluded.effective_date_key,
        excluded.event_type_code, excluded.event_number, excluded.status_code,
        excluded.charter_capital_vnd, excluded.source_updated_at
    );

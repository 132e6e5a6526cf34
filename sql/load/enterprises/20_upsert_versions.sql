-- Purpose: what was registered of an enterprise from a day on. Grain: enterprise, first day.
-- Of several events on one day the last one counts. Where the span ends is settled afterwards.
-- Can run twice: equal rows are left alone; an older state of an event never replaces a newer one.
INSERT INTO dw.dim_enterprise AS t (
    enterprise_ref, valid_from, entity_type_code, is_person, name_vi, parent_ref, sector_version,
    sector_code, unit_key, registered_on, charter_capital_vnd, status_code, event_number,
    source_updated_at, is_inferred, batch_key
)
SELECT DISTINCT ON (e.enterprise_ref, e.effective_on)
    e.enterprise_ref,
    e.effective_on,
    e.entity_type_code,
    e.is_person,
    e.name_vi,
    e.parent_ref,
    e.sector_version,
    e.sector_code,
    e.unit_key,
    e.registered_on,
    e.charter_capital_vnd,
    e.status_code,
    e.event_number,
    e.updated_at,
    FALSE,
    :batch_key
FROM enterprise_event AS e
ORDER BY e.enterprise_ref ASC, e.effective_on ASC, e.event_number DESC, e.updated_at DESC
ON CONFLICT (enterprise_ref, valid_from) DO UPDATE
    SET
        entity_type_code = excluded.entity_type_code,
        is_person = excluded.is_person,
        name_vi = excluded.name_vi,
        parent_ref = excluded.parent_ref,
        sector_version = excluded.sector_version,
        sector_code = excluded.sector_code,
        unit_key = excluded.unit_key,
        registered_on = excluded.registered_on,
        charter_capital_vnd = excluded.charter_capital_vnd,
        status_code = excluded.status_code,
        event_number = excluded.event_number,
        source_updated_at = excluded.source_updated_at,
        is_inferred = FALSE,
        batch_key = excluded.batch_key
    WHERE
    t.is_inferred
    OR (
        (excluded.event_number, excluded.source_updated_at) >= (t.event_number, t.source_updated_at)
        AND (
            t.entity_type_code, t.is_person, t.name_vi, t.parent_ref, t.sector_version, t.sector_code,
            t.unit_key, t.registered_on, t.charter_capital_vnd, t.status_code, t.event_number,
            t.source_updated_at
        ) IS DISTINCT FROM (
            excluded.entity_type_code, excluded.is_person, excluded.name_vi, excluded.parent_ref,
            excluded.sector_version, excluded.sector_code, excluded.unit_key, excluded.registered_on,
            excluded.charter_capital_vnd, excluded.status_code, excluded.event_number,
            excluded.source_updated_at
        )
    );

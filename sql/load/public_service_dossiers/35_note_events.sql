-- Purpose: the changes of status that this load brings. Grain: one row per dossier whose status differs from
-- the star's. Before the star is changed. Can run twice: what was noted is not noted again. A dossier that is
-- new has no earlier status: its receipt is in the fact itself, so a first load writes nothing here.
SELECT count(dw.make_month('dw.fact_dossier_event', m.first_day)) AS months
FROM (
    SELECT DISTINCT date_trunc('month', d.source_updated_at)::date AS first_day
    FROM stg.dossier_delta AS d
    WHERE d.differs
) AS m;

INSERT INTO dw.fact_dossier_event (
    dossier_code, batch_key, agency_key, changed_date_key, from_status_code, status_code, changed_at
)
SELECT
    d.dossier_code,
    :batch_key,
    d.agency_key,
    dw.date_key(d.source_updated_at, -1),
    d.status_before,
    d.status_code,
    d.source_updated_at
FROM stg.dossier_delta AS d
WHERE NOT d.is_new AND d.status_before <> d.status_code
ON CONFLICT (dossier_code, batch_key, changed_date_key) DO NOTHING;

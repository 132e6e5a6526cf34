-- Purpose: agencies keep their history; marts that count by agency call it by its name of today.
ALTER TABLE dw.dim_agency ADD CHECK (valid_to IS NULL OR valid_to >= valid_from);
COMMENT ON TABLE dw.dim_agency IS
'Grain: one row per agency and span of days in which its name, type, parent and commune did not change. Facts
point to the version of their own day.';

DROP MATERIALIZED VIEW mart.dossier_by_agency;
CREATE MATERIALIZED VIEW mart.dossier_by_agency AS
SELECT
    n.agency_code,
    n.name_vi AS agency_name,
    d.year,
    d.month,
    count(*) AS received,
    count(*) FILTER (WHERE f.finished_at IS NOT NULL) AS finished,
    count(*) FILTER (WHERE f.is_on_time) AS finished_on_time,
    count(*) FILTER (WHERE f.finished_at IS NULL AND f.status_code NOT IN ('3', '7', '8'))
        AS still_open,
    count(*) FILTER (WHERE f.channel_code = '2') AS received_online
FROM dw.fact_dossier AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_agency AS n ON a.agency_code = n.agency_code AND n.valid_to IS NULL
INNER JOIN dw.dim_date AS d ON f.received_date_key = d.date_key
GROUP BY n.agency_code, n.name_vi, d.year, d.month;
CREATE UNIQUE INDEX dossier_by_agency_key ON mart.dossier_by_agency (agency_code, year, month);
COMMENT ON MATERIALIZED VIEW mart.dossier_by_agency IS
'Grain: one row per agency and month of receipt; the agency''s name of today.';

DROP MATERIALIZED VIEW mart.dossier_overdue;
CREATE MATERIALIZED VIEW mart.dossier_overdue AS
SELECT
    n.agency_code,
    n.name_vi AS agency_name,
    d.calendar_date AS due_on,
    count(*) AS dossiers
FROM dw.fact_dossier AS f
INNER JOIN dw.dim_agency AS a ON f.agency_key = a.agency_key
INNER JOIN dw.dim_agency AS n ON a.agency_code = n.agency_code AND n.valid_to IS NULL
INNER JOIN dw.dim_date AS d ON f.due_date_key = d.date_key
WHERE f.finished_at IS NULL AND f.status_code NOT IN ('3', '7', '8') AND d.date_key > 0
GROUP BY n.agency_code, n.name_vi, d.calendar_date;
CREATE UNIQUE INDEX dossier_overdue_key ON mart.dossier_overdue (agency_code, due_on);
COMMENT ON MATERIALIZED VIEW mart.dossier_overdue IS
'Grain: one row per agency and due day; open dossiers only. Overdue on day D: due_on < D.';

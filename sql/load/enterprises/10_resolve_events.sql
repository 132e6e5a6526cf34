-- Purpose: the accepted events with the star's keys and without personal data, and whom they concern:
-- also whoever an event was ascribed to before it was corrected. Grain: event.
CREATE TEMPORARY TABLE enterprise_event ON COMMIT DROP AS
WITH registered AS (
    SELECT
        a.*,
        a.entity_type_code IN ('HKD', 'CNKD') OR a.enterprise_code ~ '^\d{12}$' AS is_person
    FROM accepted AS a
)

SELECT
    s.event_code,
    s.is_person,
    CASE WHEN s.is_person THEN meta.pseudonym(s.enterprise_code) ELSE s.enterprise_code END AS enterprise_ref,
    CASE WHEN NOT s.is_person THEN s.enterprise_name END AS name_vi,
    CASE WHEN s.parent_code ~ '^\d{12}$' THEN meta.pseudonym(s.parent_code) ELSE s.parent_code END
        AS parent_ref,
    s.entity_type_code,
    s.sector_version,
    s.sector_code,
    coalesce(u.unit_key, -1) AS unit_key,
    coalesce(a.agency_key, -1) AS agency_key,
    s.registered_on,
    s.charter_capital_vnd,
    s.status_code,
    s.event_type_code,
    s.event_number,
    s.effective_on,
    s.updated_at
FROM registered AS s
LEFT JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.effective_on BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
LEFT JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.effective_on BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity');

CREATE TEMPORARY TABLE enterprise_concerned ON COMMIT DROP AS
SELECT enterprise_ref FROM enterprise_event
UNION
SELECT d.enterprise_ref
FROM enterprise_event AS e
INNER JOIN dw.fact_enterprise_event AS f ON e.event_code = f.event_code
INNER JOIN dw.dim_enterprise AS d ON f.enterprise_key = d.enterprise_key;

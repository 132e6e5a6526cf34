-- Purpose: an agency that has another name, type, parent or commune than before begins a new version: on the
-- day that the catalogue states for the change, else on the night that first saw it; the one before ends the
-- day before. Facts of the days between are loaded already: they move to the new version in this transaction
-- (sql/rekey/agencies). Grain: version. Can run twice: the second time nothing differs.
UPDATE dw.dim_agency AS t
SET valid_to = s.begins_on - 1
FROM seen_agency AS s
WHERE t.agency_key = s.agency_key AND s.differs AND NOT s.in_place;

INSERT INTO dw.dim_agency (
    agency_code, valid_from, name_vi, short_name, agency_type, parent_agency_code, administrative_unit_code,
    stated_from, batch_key
)
SELECT
    s.agency_code,
    s.begins_on,
    s.name_vi,
    s.short_name,
    s.agency_type,
    s.parent_agency_code,
    s.administrative_unit_code,
    s.valid_from,
    :batch_key
FROM seen_agency AS s
WHERE s.agency_key IS NOT NULL AND s.differs AND NOT s.in_place
ORDER BY s.agency_code;

DROP TABLE seen_agency;

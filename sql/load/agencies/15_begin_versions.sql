-- Purpose: an agency that has another name, type, parent or commune than before begins a new version on the
-- night that first saw it; the one before ends the day before. Not earlier, whatever the catalogue says:
-- facts of the days between are loaded, and a fact that is sent again has to find the version that it found
-- before. Grain: version. Can run twice: the second time nothing differs.
UPDATE dw.dim_agency AS t
SET valid_to = s.as_of - 1
FROM seen_agency AS s
WHERE t.agency_key = s.agency_key AND s.differs AND NOT s.in_place;

INSERT INTO dw.dim_agency (
    agency_code, valid_from, name_vi, short_name, agency_type, parent_agency_code, administrative_unit_code,
    batch_key
)
SELECT
    s.agency_code,
    s.as_of,
    s.name_vi,
    s.short_name,
    s.agency_type,
    s.parent_agency_code,
    s.administrative_unit_code,
    :batch_key
FROM seen_agency AS s
WHERE s.agency_key IS NOT NULL AND s.differs AND NOT s.in_place
ORDER BY s.agency_code;

DROP TABLE seen_agency;

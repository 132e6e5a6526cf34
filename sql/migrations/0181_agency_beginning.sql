-- Purpose: since when an agency has been there: nothing is asked of it for a time before.
CREATE FUNCTION dw.agency_begins_on(agency_code text) RETURNS date
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT greatest(a.valid_from, a.stated_from)
    FROM dw.dim_agency AS a
    WHERE a.agency_code = $1 AND a.agency_key > 0
    ORDER BY a.valid_from
    LIMIT 1
$$;
COMMENT ON FUNCTION dw.agency_begins_on(text) IS
'The first day of the first version of an agency, as the catalogue states it; 1900-01-01 where it states
none, NULL where nobody has named the agency.';

SELECT meta.grant_roles();

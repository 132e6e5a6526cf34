-- Purpose: a steward sees the scores of the agencies whose cases he sees, and no others'. Who belongs to the
-- warehouse or the secretariat sees all; views of the owner, such as mart.quality_score, show all to those
-- who may read them.
CREATE FUNCTION meta.agencies_read() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(r.agency_code), '{}') FROM meta.agency_reader AS r WHERE r.login = session_user
$$;
COMMENT ON FUNCTION meta.agencies_read() IS
'The agencies that the login of this session is a reader of.';

ALTER TABLE dq.score ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_readers_agencies ON dq.score
USING ((SELECT meta.sees_all_agencies()) OR agency_code = any((SELECT meta.agencies_read())::text[]));
COMMENT ON TABLE dq.score IS
'Score = 100 x passed / evaluated over the rules of a principle; a principle without evidence has no row.
Stewards see those of the agencies that they are readers of (meta.agency_reader).';

-- Purpose: what was done to personal data is written down once and stays: the loader may add to these tables
-- and change nothing in them, also after the rights have been given again.
CREATE TABLE meta.append_only (table_name regclass PRIMARY KEY);
COMMENT ON TABLE meta.append_only IS 'Grain: one row per table to which kho_loader may only add.';
INSERT INTO meta.append_only (table_name) VALUES ('meta.erasure_place'), ('meta.retention_log');

ALTER FUNCTION meta.grant_roles() RENAME TO grant_usual_rights;
COMMENT ON FUNCTION meta.grant_usual_rights IS
'The larger part of meta.grant_roles(), which is what to call.';

CREATE FUNCTION meta.grant_roles() RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given text := meta.grant_usual_rights();
    kept regclass;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        FOR kept IN SELECT t.table_name FROM meta.append_only AS t LOOP
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM kho_loader', kept);
        END LOOP;
        REVOKE INSERT, UPDATE, DELETE ON meta.append_only FROM kho_loader;
    END IF;
    RETURN given;
END
$$;
COMMENT ON FUNCTION meta.grant_roles() IS
'Gives each of the four roles that exists its rights; which these were. Can run twice.';
REVOKE ALL ON FUNCTION meta.grant_roles(), meta.grant_usual_rights() FROM public;

SELECT meta.grant_roles();

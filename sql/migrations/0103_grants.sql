-- Purpose: the rights of the four roles, in one place, to be given again whenever a role is made later
-- (`SELECT meta.grant_roles()`). What a later migration adds, kho_loader and kho_analyst may use by default;
-- a table with pseudonyms or a row per person is declared in meta, and then left out for kho_analyst.
CREATE FUNCTION meta.grant_roles() RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    zone text;
    held record;
    shown text;
    given text[] := '{}';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO kho_loader', current_database());
        GRANT CREATE ON SCHEMA stg TO kho_loader;
        FOREACH zone IN ARRAY ARRAY['stg', 'dw', 'mart', 'dq', 'meta'] LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO kho_loader', zone);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA %I TO kho_loader', zone);
            EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO kho_loader', zone);
            EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO kho_loader', zone);
            EXECUTE format(
                'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO kho_loader',
                zone
            );
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO kho_loader', zone);
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO kho_loader', zone);
        END LOOP;
        GRANT TRUNCATE ON meta.pseudonym_key TO kho_loader;
        REVOKE INSERT, UPDATE, DELETE ON meta.migration_content, meta.agency_reader, dq.access_log FROM kho_loader;
        given := given || 'kho_loader'::text;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_steward') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO kho_steward', current_database());
        GRANT USAGE ON SCHEMA dq, meta TO kho_steward;
        REVOKE ALL ON dq.quarantine_masked FROM kho_steward;
        -- Every column but the record: that is asked for case by case, and written down.
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown
        FROM pg_attribute
        WHERE attrelid = 'dq.quarantine_masked'::regclass AND attnum > 0 AND attname <> 'raw';
        EXECUTE format('GRANT SELECT (%s) ON dq.quarantine_masked TO kho_steward', shown);
        GRANT SELECT ON dq.rule, dq.principle, dq.score TO kho_steward;
        GRANT EXECUTE ON FUNCTION dq.case_record(bigint, text) TO kho_steward;
        given := given || 'kho_steward'::text;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_analyst') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO kho_analyst', current_database());
        GRANT USAGE ON SCHEMA dw, mart, open_data TO kho_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA dw, mart, open_data TO kho_analyst;
        ALTER DEFAULT PRIVILEGES IN SCHEMA dw, mart, open_data GRANT SELECT ON TABLES TO kho_analyst;
        FOR held IN
            SELECT
                t.table_name,
                bool_or(t.column_name IS NULL) AS whole,
                array_agg(t.column_name) AS columns
            FROM (
                SELECT p.table_name, NULL::name AS column_name FROM meta.person_level AS p
                UNION ALL
                SELECT c.table_name, c.column_name FROM meta.pseudonym_column AS c
            ) AS t
            GROUP BY t.table_name
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM kho_analyst', held.table_name);
            IF NOT held.whole THEN
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown
                FROM pg_attribute
                WHERE
                    attrelid = held.table_name AND attnum > 0 AND NOT attisdropped
                    AND attname <> ALL (held.columns);
                EXECUTE format('GRANT SELECT (%s) ON %s TO kho_analyst', shown, held.table_name);
            END IF;
        END LOOP;
        given := given || 'kho_analyst'::text;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_public') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO kho_public', current_database());
        GRANT USAGE ON SCHEMA open_data TO kho_public;
        GRANT SELECT ON ALL TABLES IN SCHEMA open_data TO kho_public;
        ALTER DEFAULT PRIVILEGES IN SCHEMA open_data GRANT SELECT ON TABLES TO kho_public;
        given := given || 'kho_public'::text;
    END IF;
    RETURN array_to_string(given, ', ');
END
$$;
COMMENT ON FUNCTION meta.grant_roles() IS
'Gives each of the four roles that exists its rights; which these were. Can run twice.';
REVOKE ALL ON FUNCTION meta.grant_roles() FROM public;

SELECT meta.grant_roles();

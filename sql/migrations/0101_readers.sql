-- Purpose: who may read what. Four roles to be granted to logins: kho_loader runs the nights, kho_steward
-- sees the quarantine of his agencies without personal data, kho_analyst reads the star and the marts,
-- kho_public the open data. Which agency a steward belongs to, a table says by his login: he can change his
-- role and his settings, but not as whom he logged in.
CREATE TABLE meta.agency_reader (
    login name NOT NULL,
    agency_code text NOT NULL,
    granted_by text NOT NULL CHECK (granted_by <> ''),
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (login, agency_code)
);
COMMENT ON TABLE meta.agency_reader IS
'Whose cases a login sees in dq.quarantine_masked; the agency code * stands for all of them.';

CREATE TABLE meta.person_level (
    table_name regclass PRIMARY KEY,
    reason text NOT NULL
);
COMMENT ON TABLE meta.person_level IS
'Tables of the star with a row per person: no name and no identifier, yet only kho_loader reads them.';
INSERT INTO meta.person_level (table_name, reason)
VALUES ('dw.fact_health_record', 'year of birth, sex and health class of one person');

CREATE FUNCTION meta.sees_all_agencies() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        pg_has_role(session_user, c.relowner, 'MEMBER')
        OR EXISTS (
            SELECT FROM pg_roles AS r
            WHERE r.rolname = 'kho_loader' AND pg_has_role(session_user, r.oid, 'MEMBER')
        )
        OR EXISTS (
            SELECT FROM meta.agency_reader AS a WHERE a.login = session_user AND a.agency_code = '*'
        )
    FROM pg_class AS c
    WHERE c.oid = 'dq.quarantine'::regclass
$$;
COMMENT ON FUNCTION meta.sees_all_agencies() IS
'Whether the login of this session belongs to the warehouse itself, or to the secretariat.';

CREATE OR REPLACE VIEW dq.quarantine_masked WITH (security_barrier) AS
WITH agency AS (
    SELECT DISTINCT agency_code
    FROM dw.dim_agency
    WHERE agency_key > 0 AND NOT is_inferred
),

field AS (
    SELECT
        dataset,
        array_agg(source_name) AS known,
        array_agg(source_name) FILTER (WHERE classification <> 'personal') AS shown,
        coalesce(bool_and(classification <> 'personal') FILTER (WHERE is_key), FALSE) AS key_is_shown
    FROM meta.column_classification
    GROUP BY dataset
)

SELECT
    q.quarantine_id,
    q.dataset,
    CASE
        WHEN q.agency_code = '' OR a.agency_code IS NOT NULL THEN q.agency_code
        ELSE '***'
    END AS agency_code,
    q.status,
    CASE WHEN q.status = 'open' AND q.expired_on IS NOT NULL THEN 'expired' ELSE q.status END AS state,
    CASE WHEN c.key_is_shown THEN dq.mask_text(q.business_key) ELSE '***' END AS business_key,
    q.failed_rules,
    dq.mask_record(q.raw, c.known, c.shown) AS raw,
    q.first_seen_on,
    q.due_on,
    q.expired_on,
    q.batch_id,
    q.last_seen_batch_id,
    q.resolved_at,
    q.resolved_batch_id,
    q.waived_by,
    dq.mask_text(q.waived_reason) AS waived_reason,
    q.waived_until,
    q.reopened_on
FROM dq.quarantine AS q
LEFT JOIN agency AS a ON q.agency_code = a.agency_code
LEFT JOIN field AS c ON q.dataset = c.dataset
WHERE
    (SELECT meta.sees_all_agencies())
    OR q.agency_code IN (SELECT r.agency_code FROM meta.agency_reader AS r WHERE r.login = session_user);
COMMENT ON VIEW dq.quarantine_masked IS
'The quarantine without personal data, of the agencies that the login is a reader of (meta.agency_reader). An
agency code outside the catalogue may be anything: it is masked.';

CREATE TABLE dq.access_log (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    accessed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    login name NOT NULL,
    application text NOT NULL,
    address inet,
    object_name text NOT NULL,
    quarantine_id bigint NOT NULL,
    purpose text NOT NULL,
    found boolean NOT NULL
);
COMMENT ON TABLE dq.access_log IS
'Grain: one row per look of a person at the record of a case. A reader who rolls his transaction back takes
his row with him; the server''s own log keeps the line.';

CREATE FUNCTION dq.case_record(case_id bigint, purpose text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_record jsonb;
BEGIN
    IF coalesce(btrim(purpose), '') = '' THEN
        RAISE EXCEPTION 'say what the record is read for'
        USING HINT = 'SELECT dq.case_record(12, ''phiếu hỗ trợ 45'')';
    END IF;
    SELECT q.raw INTO found_record FROM dq.quarantine_masked AS q WHERE q.quarantine_id = case_id;
    INSERT INTO dq.access_log (login, application, address, object_name, quarantine_id, purpose, found)
    VALUES (
        session_user, current_setting('application_name'), inet_client_addr(), 'dq.quarantine_masked',
        case_id, dq.mask_text(left(purpose, 500)), found_record IS NOT NULL
    );
    RAISE LOG 'kho access: % read case % for %', quote_ident(session_user), case_id,
        quote_literal(dq.mask_text(left(purpose, 500)));
    RETURN found_record;
END
$$;
COMMENT ON FUNCTION dq.case_record(bigint, text) IS
'The masked record of one case, and a row in dq.access_log; nothing if the login does not see the case.';
REVOKE ALL ON FUNCTION dq.case_record(bigint, text) FROM public;

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['kho_loader', 'kho_steward', 'kho_analyst', 'kho_public'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
                RAISE NOTICE 'role %: %', wanted, sqlerrm;
        END;
    END LOOP;
END
$$;

-- Purpose: dossiers and their events by month, so that a first load makes its months aside with several
-- processes, a query of a month reads a month, and a month whose time is over leaves in one piece.
-- A month is a table of dw_month; readers and loads name the fact alone.
CREATE SCHEMA dw_month;
COMMENT ON SCHEMA dw_month IS
'The months (partitions) of the facts of dw that have some. Nobody names them: ask the fact.';
CREATE SCHEMA dw_detached;
COMMENT ON SCHEMA dw_detached IS
'Months that retention took out of the star: to be archived and dropped, or attached again, by the owner.';

-- What reads the two facts is made again over their new form, from the definitions that are there.
CREATE TEMP TABLE reader AS
WITH RECURSIVE found AS (
    SELECT
        'dw.fact_dossier'::regclass::oid AS oid,
        0 AS level
    UNION ALL
    SELECT
        'dw.fact_dossier_event'::regclass::oid AS oid,
        0 AS level
    UNION
    SELECT
        c.oid,
        f.level + 1 AS level
    FROM found AS f
    INNER JOIN pg_depend AS p ON f.oid = p.refobjid AND p.refclassid = 'pg_class'::regclass
    INNER JOIN pg_rewrite AS r ON p.objid = r.oid AND p.classid = 'pg_rewrite'::regclass
    INNER JOIN pg_class AS c ON r.ev_class = c.oid AND f.oid <> c.oid
)

SELECT
    max(f.level) AS level,
    n.nspname || '.' || c.relname AS name,
    CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
    array_to_string(c.reloptions, ', ') AS options,
    pg_get_viewdef(c.oid) AS definition,
    c.relispopulated AS is_filled,
    obj_description(c.oid, 'pg_class') AS described,
    (SELECT array_agg(pg_get_indexdef(i.indexrelid)) FROM pg_index AS i WHERE c.oid = i.indrelid) AS indexes,
    (
        SELECT jsonb_object_agg(a.attname, d.description)
        FROM pg_attribute AS a
        INNER JOIN pg_description AS d
            ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.classoid = 'pg_class'::regclass
        WHERE c.oid = a.attrelid AND a.attnum > 0
    ) AS columns_described
FROM found AS f
INNER JOIN pg_class AS c ON f.oid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE f.level > 0
GROUP BY c.oid, n.nspname, c.relname, c.relkind, c.reloptions, c.relispopulated;

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM reader ORDER BY level DESC LOOP
        EXECUTE format('DROP %s %s', r.kind, r.name);
    END LOOP;
END
$$;

ALTER TABLE dw.fact_dossier RENAME TO fact_dossier_whole;
ALTER TABLE dw.fact_dossier_whole RENAME CONSTRAINT fact_dossier_pkey TO fact_dossier_whole_pkey;
ALTER TABLE dw.fact_dossier_event RENAME TO fact_dossier_event_whole;
ALTER TABLE dw.fact_dossier_event_whole
RENAME CONSTRAINT fact_dossier_event_pkey TO fact_dossier_event_whole_pkey;

CREATE TABLE dw.fact_dossier (
    dossier_code text NOT NULL,
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key) NOT ENFORCED,
    procedure_key integer NOT NULL REFERENCES dw.dim_procedure (procedure_key) NOT ENFORCED,
    unit_key integer NOT NULL REFERENCES dw.dim_administrative_unit (unit_key) NOT ENFORCED,
    received_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    due_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    finished_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    returned_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    document_count integer,
    supplement_count integer,
    result_count integer,
    digitised_document_count integer,
    electronic_result_count integer,
    is_on_time boolean,
    received_at timestamp NOT NULL,
    due_at timestamp,
    finished_at timestamp,
    returned_at timestamp,
    supplement_asked_at timestamp,
    supplement_received_at timestamp,
    source_updated_at timestamp NOT NULL,
    content_hash bigint,
    fee_amount_vnd numeric(18, 2),
    status_code text NOT NULL,
    channel_code text,
    submission_form_code text,
    applicant_type_code text,
    batch_key integer NOT NULL,
    PRIMARY KEY (received_date_key, dossier_code)
) PARTITION BY RANGE (received_date_key);
COMMENT ON TABLE dw.fact_dossier IS
'Grain: one row per dossier, in its latest state (accumulating snapshot). By month of receipt, which the
code of a dossier tells: the rule dossier_date_matches lets no other day pass, so a code is there once.';
COMMENT ON COLUMN dw.fact_dossier.content_hash IS
'A number made of the whole record as it was conformed. Equal: nothing changed; different: it is looked at.';

CREATE TABLE dw.fact_dossier_event (
    dossier_code text NOT NULL,
    batch_key integer NOT NULL,
    agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key) NOT ENFORCED,
    changed_date_key integer NOT NULL REFERENCES dw.dim_date (date_key) NOT ENFORCED,
    from_status_code text NOT NULL,
    status_code text NOT NULL,
    changed_at timestamp NOT NULL,
    PRIMARY KEY (dossier_code, batch_key, changed_date_key)
) PARTITION BY RANGE (changed_date_key);

-- Comments stay what they were, where nothing new is said.
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT
            n.relname AS fact,
            a.attname AS column_name,
            d.description
        FROM (VALUES ('fact_dossier'), ('fact_dossier_event')) AS n (relname)
        INNER JOIN pg_description AS d
            ON d.objoid = ('dw.' || n.relname || '_whole')::regclass AND d.classoid = 'pg_class'::regclass
        LEFT JOIN pg_attribute AS a ON d.objoid = a.attrelid AND d.objsubid = a.attnum AND a.attnum > 0
        WHERE a.attnum IS NOT NULL OR n.relname = 'fact_dossier_event'
    LOOP
        EXECUTE format(
            'COMMENT ON %s dw.%I%s IS %L',
            CASE WHEN r.column_name IS NULL THEN 'TABLE' ELSE 'COLUMN' END,
            r.fact,
            coalesce('.' || quote_ident(r.column_name), ''),
            r.description
        );
    END LOOP;
END
$$;

-- Keys below those of the calendar: −1, no day of ours.
CREATE TABLE dw_month.fact_dossier_undated
PARTITION OF dw.fact_dossier FOR VALUES FROM (minvalue) TO (20000101);
CREATE TABLE dw_month.fact_dossier_event_undated
PARTITION OF dw.fact_dossier_event FOR VALUES FROM (minvalue) TO (20000101);

CREATE FUNCTION dw.month_of(fact regclass, first_day date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.relname || to_char(first_day, '_YYYY_MM') FROM pg_class AS c WHERE c.oid = fact
$$;
COMMENT ON FUNCTION dw.month_of IS 'The name that a month of a fact has in dw_month.';

CREATE FUNCTION dw.make_month(fact regclass, a_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first_day date := date_trunc('month', a_day);
    name text := dw.month_of(fact, first_day);
BEGIN
    IF
        NOT EXISTS (SELECT FROM pg_partitioned_table AS p WHERE p.partrelid = fact)
        OR fact::text NOT LIKE 'dw.%' OR first_day < date '2000-01-01' OR first_day >= date '2050-01-01'
        OR to_regclass(format('dw_month.%I', name)) IS NOT NULL
    THEN
        RETURN FALSE;
    END IF;
    -- One at a time: two loads may need the same month.
    PERFORM pg_advisory_xact_lock(hashtextextended('kho.month.' || name, 0));
    IF to_regclass(format('dw_month.%I', name)) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    -- Made aside and attached: who reads the fact meanwhile does not wait.
    EXECUTE format('CREATE TABLE dw_month.%I (LIKE %s INCLUDING DEFAULTS INCLUDING INDEXES)', name, fact);
    EXECUTE format(
        'ALTER TABLE %s ATTACH PARTITION dw_month.%I FOR VALUES FROM (%s) TO (%s)',
        fact, name, to_char(first_day, 'YYYYMMDD'), to_char(first_day + interval '1 month', 'YYYYMMDD')
    );
    RETURN TRUE;
END
$$;
COMMENT ON FUNCTION dw.make_month IS
'Makes the month of a day in a fact that has months; whether there was anything to make. Can run twice.';
REVOKE ALL ON FUNCTION dw.make_month(regclass, date) FROM public;

CREATE FUNCTION dw.make_months_ahead(a_day date, months integer) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) FILTER (WHERE dw.make_month(p.partrelid, (a_day + make_interval(months => n.ahead))::date))
    FROM pg_partitioned_table AS p
    INNER JOIN pg_class AS c ON p.partrelid = c.oid AND c.relnamespace = 'dw'::regnamespace
    CROSS JOIN generate_series(0, months) AS n (ahead)
$$;
COMMENT ON FUNCTION dw.make_months_ahead IS
'Makes the month of a day and those after it in every fact that has months; how many were missing.';
REVOKE ALL ON FUNCTION dw.make_months_ahead(date, integer) FROM public;

CREATE VIEW meta.fact_month AS
SELECT
    i.inhparent::regclass AS fact,
    c.relname AS name,
    to_date(right(c.relname, 7), 'YYYY_MM') AS first_day,
    (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::date AS end_day,
    greatest(c.reltuples, 0)::bigint AS about_rows
FROM pg_inherits AS i
INNER JOIN pg_class AS c ON i.inhrelid = c.oid
WHERE c.relnamespace = 'dw_month'::regnamespace AND c.relkind = 'r' AND c.relname !~ '_undated$';
COMMENT ON VIEW meta.fact_month IS
'Grain: one row per month (partition) of a fact. end_day is the first day after it, about_rows an estimate.';

CREATE FUNCTION dw.detach_month(fact regclass, a_day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := dw.month_of(fact, a_day);
    kept_as text := name;
BEGIN
    IF fact::text NOT LIKE 'dw.%' OR to_regclass(format('dw_month.%I', name)) IS NULL THEN
        RETURN NULL;
    END IF;
    -- Late news of a month that left before made it once more.
    WHILE to_regclass(format('dw_detached.%I', kept_as)) IS NOT NULL LOOP
        kept_as := kept_as || '_late';
    END LOOP;
    EXECUTE format('ALTER TABLE %s DETACH PARTITION dw_month.%I', fact, name);
    IF kept_as <> name THEN
        EXECUTE format('ALTER TABLE dw_month.%I RENAME TO %I', name, kept_as);
        EXECUTE format(
            'ALTER TABLE dw_month.%I RENAME CONSTRAINT %I TO %I', kept_as, name || '_pkey', kept_as || '_pkey'
        );
    END IF;
    EXECUTE format('ALTER TABLE dw_month.%I SET SCHEMA dw_detached', kept_as);
    RETURN format('dw_detached.%I', kept_as);
END
$$;
COMMENT ON FUNCTION dw.detach_month IS
'Takes the month of a day out of a fact and keeps it in dw_detached; where, or NULL if there is none.';
REVOKE ALL ON FUNCTION dw.detach_month(regclass, date) FROM public;

ALTER TABLE meta.retention_log DROP CONSTRAINT retention_log_kind_check;
ALTER TABLE meta.retention_log ADD CONSTRAINT retention_log_kind_check CHECK (
    kind IN ('batch', 'request_log', 'closed_case', 'report_draft', 'access_log', 'fact_month')
);

SELECT count(dw.make_month('dw.fact_dossier', m.first_day)) AS months
FROM (
    SELECT DISTINCT to_date((received_date_key / 100)::text, 'YYYYMM') AS first_day
    FROM dw.fact_dossier_whole
    WHERE received_date_key > 0
) AS m;
SELECT count(dw.make_month('dw.fact_dossier_event', m.first_day)) AS months
FROM (
    SELECT DISTINCT to_date((changed_date_key / 100)::text, 'YYYYMM') AS first_day
    FROM dw.fact_dossier_event_whole
    WHERE changed_date_key > 0
) AS m;

INSERT INTO dw.fact_dossier (
    dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, document_count, supplement_count, result_count,
    digitised_document_count, electronic_result_count, is_on_time, received_at, due_at, finished_at,
    returned_at, supplement_asked_at, supplement_received_at, source_updated_at, fee_amount_vnd,
    status_code, channel_code, submission_form_code, applicant_type_code, batch_key
)
SELECT
    dossier_code,
    agency_key,
    procedure_key,
    unit_key,
    received_date_key,
    due_date_key,
    finished_date_key,
    returned_date_key,
    document_count,
    supplement_count,
    result_count,
    digitised_document_count,
    electronic_result_count,
    is_on_time,
    received_at,
    due_at,
    finished_at,
    returned_at,
    supplement_asked_at,
    supplement_received_at,
    source_updated_at,
    fee_amount_vnd,
    status_code,
    channel_code,
    submission_form_code,
    applicant_type_code,
    batch_key
FROM dw.fact_dossier_whole;
INSERT INTO dw.fact_dossier_event (
    dossier_code, batch_key, agency_key, changed_date_key, from_status_code, status_code, changed_at
)
SELECT
    dossier_code,
    batch_key,
    agency_key,
    changed_date_key,
    from_status_code,
    status_code,
    changed_at
FROM dw.fact_dossier_event_whole;
DROP TABLE dw.fact_dossier_whole, dw.fact_dossier_event_whole;
ANALYZE dw.fact_dossier, dw.fact_dossier_event;

DO $$
DECLARE
    r record;
    told record;
    index_definition text;
BEGIN
    FOR r IN SELECT * FROM reader ORDER BY level LOOP
        EXECUTE format(
            'CREATE %s %s%s AS %s%s',
            r.kind,
            r.name,
            coalesce(' WITH (' || r.options || ')', ''),
            rtrim(r.definition, '; '),
            CASE WHEN r.is_filled THEN '' ELSE ' WITH NO DATA' END
        );
        FOREACH index_definition IN ARRAY coalesce(r.indexes, '{}') LOOP
            EXECUTE index_definition;
        END LOOP;
        IF r.described IS NOT NULL THEN
            EXECUTE format('COMMENT ON %s %s IS %L', r.kind, r.name, r.described);
        END IF;
        FOR told IN SELECT t.key, t.value FROM jsonb_each_text(coalesce(r.columns_described, '{}')) AS t LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', r.name, told.key, told.value);
        END LOOP;
    END LOOP;
END
$$;
DROP TABLE reader;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        GRANT EXECUTE ON FUNCTION dw.make_month(regclass, date), dw.make_months_ahead(date, integer),
        dw.detach_month(regclass, date) TO kho_loader;
    END IF;
END
$$;
SELECT meta.grant_roles();

-- Purpose: what was believed on a day, of every fact that can be revised. A row that is changed or deleted
-- goes as it was into a table of the same name in dw_history, with the batch that superseded it and the night
-- from which it was no longer believed; a function per table puts both together again (docs/adr/0002).
CREATE SCHEMA dw_history;
COMMENT ON SCHEMA dw_history IS
'What the tables of dw of the same name held before; read it by dw.<table>_as_known_at(day).';

-- The night of belief never runs backwards within a dataset: what an older night brings late, or a replay,
-- was not believed on the nights before it came.
ALTER TABLE meta.batch ADD COLUMN known_from date;
COMMENT ON COLUMN meta.batch.known_from IS
'The night from which its rows were believed: its own, or a later one that its dataset had loaded before it.';
UPDATE meta.batch AS t
SET known_from = k.known_from
FROM (
    SELECT
        batch_key,
        max(as_of) OVER (PARTITION BY dataset ORDER BY loaded_at, batch_key) AS known_from
    FROM meta.batch
    WHERE status = 'loaded'
) AS k
WHERE t.batch_key = k.batch_key;

-- In dw, because who reads facts may ask this and need not read the ledger.
CREATE VIEW dw.known_batch AS
SELECT
    batch_key,
    dataset,
    coalesce(known_from, as_of) AS known_from
FROM meta.batch
WHERE status = 'loaded';
COMMENT ON VIEW dw.known_batch IS
'Grain: one row per loaded batch, with the night from which its rows were believed.';

CREATE TABLE meta.history_table (
    table_name regclass PRIMARY KEY,
    dataset text NOT NULL,
    known_by name[] NOT NULL CHECK (cardinality(known_by) > 0),
    complete_since date
);
COMMENT ON TABLE meta.history_table IS
'Grain: one row per table of dw whose earlier states are kept.';
COMMENT ON COLUMN meta.history_table.known_by IS
'The columns by which a row is the same row, whatever it says.';
COMMENT ON COLUMN meta.history_table.complete_since IS
'Of days before it nothing is said: the history began then, or is older than it is kept. NULL: of every day.';

CREATE FUNCTION dw.has_history(fact regclass, day date) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    since date := (SELECT h.complete_since FROM meta.history_table AS h WHERE h.table_name = fact);
BEGIN
    IF day IS NULL OR day < since THEN
        RAISE EXCEPTION 'what % held on % is not known', fact, coalesce(day::text, 'no day')
        USING HINT = 'its history goes back to ' || coalesce(since::text, 'its first night');
    END IF;
    RETURN TRUE;
END
$$;
COMMENT ON FUNCTION dw.has_history(regclass, date) IS
'Refuses a day of which the history says nothing, instead of giving the rows of today for it.';

CREATE FUNCTION meta.write_history() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    superseding integer := nullif(current_setting('kho.batch_key', TRUE), '')::integer;
    held meta.history_table;
    columns text;
    olds text;
    said text;
    says text;
    same_row text;
    tombstone text;
    night date;
BEGIN
    IF current_setting('kho.history', TRUE) = 'off' OR NOT EXISTS (SELECT FROM gone) THEN
        RETURN NULL;
    END IF;
    SELECT h.* INTO STRICT held FROM meta.history_table AS h WHERE h.table_name = tg_relid;
    -- Without a batch (a rebuild, a hand) it is the state after the last night of the dataset that changes.
    SELECT coalesce(
        (SELECT b.known_from FROM meta.batch AS b WHERE b.batch_key = superseding),
        (SELECT max(b.known_from) FROM meta.batch AS b WHERE b.dataset = held.dataset),
        current_date
    ) INTO night;
    SELECT
        string_agg(format('%I', attname), ', ' ORDER BY attnum),
        string_agg(format('o.%I', attname), ', ' ORDER BY attnum),
        -- The number of a record is how changes are found, and none itself.
        string_agg(format('o.%I', attname), ', ' ORDER BY attnum) FILTER (WHERE attname <> 'content_hash'),
        string_agg(format('n.%I', attname), ', ' ORDER BY attnum) FILTER (WHERE attname <> 'content_hash'),
        coalesce(max('n.is_deleted AND NOT o.is_deleted') FILTER (WHERE attname = 'is_deleted'), 'FALSE')
    INTO columns, olds, said, says, tombstone
    FROM pg_attribute
    WHERE attrelid = tg_relid AND attnum > 0 AND NOT attisdropped;
    IF tg_op = 'DELETE' THEN
        EXECUTE format(
            'INSERT INTO dw_history.%I (%s, superseded_by, believed_until, by_deletion) '
            'SELECT %s, $1, $2, TRUE FROM gone AS o WHERE o.batch_key IS DISTINCT FROM $1',
            tg_table_name, columns, olds
        ) USING superseding, night;
        RETURN NULL;
    END IF;
    SELECT string_agg(format('o.%1$I = n.%1$I', part), ' AND ') INTO same_row FROM unnest(held.known_by) AS part;
    -- What the batch itself has put there was seen by nobody.
    EXECUTE format(
        'INSERT INTO dw_history.%I (%s, superseded_by, believed_until, by_deletion) '
        'SELECT %s, $1, $2, CASE WHEN n.%I IS NULL THEN TRUE ELSE %s END '
        'FROM gone AS o LEFT JOIN come AS n ON %s '
        'WHERE o.batch_key IS DISTINCT FROM $1 AND ROW(%s) IS DISTINCT FROM ROW(%s)',
        tg_table_name, columns, olds, held.known_by[1], tombstone, same_row, said, says
    ) USING superseding, night;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION meta.write_history() IS
'Keeps the rows that a statement has changed or deleted. kho.batch_key says which batch does it (a load sets
it); with kho.history = off nothing is kept: for keys that follow a dimension, erasure and new pseudonyms.';

CREATE FUNCTION meta.keep_history(fact regclass, of_dataset text, known_by name[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bare name := (SELECT c.relname FROM pg_class AS c WHERE c.oid = fact);
    history text := format('dw_history.%I', bare);
    missing record;
    columns text;
    keys text;
    same_row text;
BEGIN
    IF known_by IS NULL THEN
        SELECT array_agg(a.attname ORDER BY a.attnum) INTO STRICT known_by
        FROM pg_constraint AS c
        INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey)
        WHERE c.conrelid = fact AND c.contype = 'p';
    END IF;
    IF to_regclass(history) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %s (LIKE %s, history_id bigint GENERATED ALWAYS AS IDENTITY, '
            'superseded_by integer, believed_until date NOT NULL, by_deletion boolean NOT NULL)',
            history, fact
        );
        EXECUTE format(
            'COMMENT ON TABLE %s IS %L', history, 'What ' || fact || ' held before; grain: one row per state that went.'
        );
        SELECT string_agg(quote_ident(part), ', ') INTO keys FROM unnest(known_by) AS part;
        EXECUTE format('CREATE INDEX ON %s (%s, history_id)', history, keys);
        EXECUTE format('CREATE INDEX ON %s (believed_until)', history);
        -- What is there may have been revised before, and nobody kept it.
        INSERT INTO meta.history_table (table_name, dataset, known_by, complete_since)
        SELECT fact, of_dataset, known_by, max(b.known_from) FROM meta.batch AS b WHERE b.dataset = of_dataset;
    END IF;
    FOR missing IN
        SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type_name
        FROM pg_attribute AS a
        WHERE
            a.attrelid = fact AND a.attnum > 0 AND NOT a.attisdropped
            AND NOT EXISTS (
                SELECT FROM pg_attribute AS h
                WHERE h.attrelid = history::regclass AND h.attname = a.attname AND NOT h.attisdropped
            )
        ORDER BY a.attnum
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', history, missing.attname, missing.type_name);
    END LOOP;
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER keep_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS gone NEW TABLE AS come '
        'FOR EACH STATEMENT EXECUTE FUNCTION meta.write_history()', fact
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER keep_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS gone '
        'FOR EACH STATEMENT EXECUTE FUNCTION meta.write_history()', fact
    );
    SELECT string_agg(format('t.%I', attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = fact AND attnum > 0 AND NOT attisdropped;
    SELECT string_agg(format('h.%1$I = t.%1$I', part), ' AND '), string_agg(format('h.%I', part), ', ')
    INTO same_row, keys
    FROM unnest(known_by) AS part;
    -- A row as it is, unless it was changed since; else the first state that was given up since. Either counts
    -- only if its batch was known by then.
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION dw.%I(day date) RETURNS SETOF %s LANGUAGE sql STABLE PARALLEL SAFE AS %L',
        bare || '_as_known_at', fact, format(
            E'\n    SELECT %1$s\n    FROM %2$s AS t\n'
            '    INNER JOIN dw.known_batch AS b ON t.batch_key = b.batch_key\n'
            '    WHERE\n        dw.has_history(%3$L, day) AND b.known_from <= day\n'
            '        AND NOT EXISTS (SELECT FROM %4$s AS h WHERE %5$s AND h.believed_until > day)\n'
            '    UNION ALL\n    SELECT %1$s\n    FROM (\n        SELECT DISTINCT ON (%6$s) h.*\n'
            '        FROM %4$s AS h\n        WHERE h.believed_until > day\n        ORDER BY %6$s, h.history_id\n'
            '    ) AS t\n    INNER JOIN dw.known_batch AS b ON t.batch_key = b.batch_key\n'
            '    WHERE dw.has_history(%3$L, day) AND b.known_from <= day\n',
            columns, fact, fact::text, history, same_row, keys
        )
    );
    EXECUTE format(
        'COMMENT ON FUNCTION dw.%I(date) IS %L', bare || '_as_known_at',
        'The rows of ' || fact || ' as they were believed after the night of that day.'
    );
    INSERT INTO meta.pseudonym_column (table_name, column_name, dataset)
    SELECT history::regclass, c.column_name, c.dataset
    FROM meta.pseudonym_column AS c
    WHERE c.table_name = fact
    ON CONFLICT DO NOTHING;
    INSERT INTO meta.person_level (table_name, reason)
    SELECT history::regclass, p.reason FROM meta.person_level AS p WHERE p.table_name = fact
    ON CONFLICT DO NOTHING;
    PERFORM meta.grant_history(bare);
END
$$;
COMMENT ON FUNCTION meta.keep_history(regclass, text, name[]) IS
'Keeps the earlier states of a table of dw that a dataset fills; again after the table got a column. known_by
is the primary key where nothing is said.';

CREATE FUNCTION meta.grant_history(bare name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shown text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        EXECUTE format(
            'GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON dw_history.%I TO kho_loader', bare
        );
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_analyst') THEN
        EXECUTE format('REVOKE ALL ON dw_history.%I FROM kho_analyst', bare);
        SELECT string_agg(quote_ident(h.attname), ', ' ORDER BY h.attnum) INTO shown
        FROM pg_attribute AS h
        LEFT JOIN pg_attribute AS f
            ON f.attrelid = format('dw.%I', bare)::regclass AND f.attname = h.attname AND NOT f.attisdropped
        WHERE
            h.attrelid = format('dw_history.%I', bare)::regclass AND h.attnum > 0 AND NOT h.attisdropped
            AND coalesce(
                has_column_privilege('kho_analyst', f.attrelid, f.attnum, 'SELECT'),
                has_any_column_privilege('kho_analyst', format('dw.%I', bare)::regclass, 'SELECT')
            );
        IF shown IS NOT NULL THEN
            EXECUTE format('GRANT SELECT (%s) ON dw_history.%I TO kho_analyst', shown, bare);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION meta.grant_history(name) IS
'Lets each role read of the history what it may read of the table itself, and the loader write it.';

CREATE OR REPLACE FUNCTION meta.grant_roles() RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given text := meta.grant_usual_rights();
    kept regclass;
    bare name;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        FOR kept IN SELECT t.table_name FROM meta.append_only AS t LOOP
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM kho_loader', kept);
        END LOOP;
        REVOKE INSERT, UPDATE, DELETE ON meta.append_only FROM kho_loader;
        GRANT USAGE ON SCHEMA dw_history TO kho_loader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_analyst') THEN
        GRANT USAGE ON SCHEMA dw_history TO kho_analyst;
    END IF;
    FOR bare IN
        SELECT c.relname FROM meta.history_table AS h INNER JOIN pg_class AS c ON h.table_name = c.oid
    LOOP
        PERFORM meta.grant_history(bare);
    END LOOP;
    RETURN given;
END
$$;
REVOKE ALL ON FUNCTION
meta.write_history(), meta.keep_history(regclass, text, name[]), meta.grant_history(name), meta.grant_roles()
FROM public;

CREATE FUNCTION meta.prune_history(fact regclass, older_than date, dry_run boolean) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bare name := (SELECT c.relname FROM pg_class AS c WHERE c.oid = fact);
    items bigint;
BEGIN
    IF dry_run THEN
        EXECUTE format('SELECT count(*) FROM dw_history.%I WHERE believed_until <= $1', bare)
        USING older_than INTO items;
        RETURN items;
    END IF;
    EXECUTE format('DELETE FROM dw_history.%I WHERE believed_until <= $1', bare) USING older_than;
    GET DIAGNOSTICS items = ROW_COUNT;
    IF items > 0 THEN
        UPDATE meta.history_table
        SET complete_since = greatest(complete_since, older_than)
        WHERE table_name = fact;
    END IF;
    RETURN items;
END
$$;
COMMENT ON FUNCTION meta.prune_history(regclass, date, boolean) IS
'Removes the states that were given up by a day; of days before it the history then says nothing. How many.';
REVOKE ALL ON FUNCTION meta.prune_history(regclass, date, boolean) FROM public;

ALTER TABLE meta.retention_log DROP CONSTRAINT retention_log_kind_check;
ALTER TABLE meta.retention_log ADD CONSTRAINT retention_log_kind_check CHECK (
    kind IN ('batch', 'request_log', 'closed_case', 'report_draft', 'access_log', 'fact_month', 'history')
);

-- Facts to which loads only add (fact_dossier_event, fact_task_status) need none. The version of an
-- enterprise to which an event pointed may be gone since, so its dimension has a history too.
SELECT meta.keep_history('dw.fact_cashless_payment', 'cashless_payments');
SELECT meta.keep_history('dw.fact_commune_form_value', 'commune_socioeconomic_forms');
SELECT meta.keep_history('dw.fact_digital_signature', 'digital_signatures');
SELECT meta.keep_history('dw.fact_disbursement', 'investment_disbursements');
SELECT meta.keep_history('dw.fact_dossier', 'public_service_dossiers', ARRAY['dossier_code']::name[]);
SELECT meta.keep_history('dw.fact_electronic_document', 'electronic_documents');
SELECT meta.keep_history('dw.dim_enterprise', 'enterprises');
SELECT meta.keep_history('dw.fact_enterprise_event', 'enterprises');
SELECT meta.keep_history('dw.fact_health_record', 'health_records');
SELECT meta.keep_history('dw.fact_indicator_target', 'indicator_targets');
SELECT meta.keep_history('dw.fact_indicator_value', 'indicator_reports');
SELECT meta.keep_history('dw.fact_land_parcel', 'land_parcels');
SELECT meta.keep_history('dw.fact_plan_task_progress', 'plan_task_progress');
SELECT meta.keep_history('dw.fact_population', 'population');
SELECT meta.keep_history('dw.fact_school_month', 'students_schools');

-- What was overwritten without a new number is believed until then, as every other fact is.
CREATE OR REPLACE FUNCTION mart.indicator_value_as_known_at(day date) RETURNS TABLE (
    indicator_code text,
    agency_code text,
    commune_code text,
    unit_key integer,
    period_code text,
    revision_number integer,
    indicator_value numeric,
    numerator numeric,
    denominator numeric,
    submitted_at timestamp,
    known_since date
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT DISTINCT ON (v.indicator_key, v.agency_key, v.unit_key, v.period_code)
        i.indicator_code,
        a.agency_code,
        u.unit_code,
        v.unit_key,
        v.period_code,
        v.revision_number,
        v.indicator_value,
        v.numerator,
        v.denominator,
        v.submitted_at,
        b.known_from
    FROM dw.fact_indicator_value_as_known_at(day) AS v
    INNER JOIN dw.known_batch AS b ON v.batch_key = b.batch_key
    INNER JOIN dw.dim_indicator AS i ON v.indicator_key = i.indicator_key
    INNER JOIN dw.dim_agency AS a ON v.agency_key = a.agency_key
    INNER JOIN dw.dim_administrative_unit AS u ON v.unit_key = u.unit_key
    ORDER BY v.indicator_key, v.agency_key, v.unit_key, v.period_code, v.revision_number DESC
$$;
COMMENT ON FUNCTION mart.indicator_value_as_known_at IS
'Grain: one row per indicator, agency, commune and period: the revision that the warehouse held after the
night of that day, as it was then.';

SELECT meta.grant_roles();

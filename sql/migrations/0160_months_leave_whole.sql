-- Purpose: months of facts once more. What was believed of a month leaves with it, so that no day is told by
-- half; late news of a month that left may come any number of times; and whoever makes months waits for the
-- other instead of being stopped by a deadlock.
CREATE OR REPLACE FUNCTION dw.make_month(fact regclass, a_day date) RETURNS boolean
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
    -- One at a time, whatever the month: attaching locks the fact until the end, in whatever order months come.
    PERFORM pg_advisory_xact_lock(hashtextextended('kho.month.' || fact::text, 0));
    -- Asked of the catalogue itself: what to_regclass remembers from before the wait is not true any more.
    IF
        EXISTS (
            SELECT FROM pg_class AS c WHERE c.relname = name AND c.relnamespace = 'dw_month'::regnamespace
        )
    THEN
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

-- In the order of their names, as the load of dossiers makes them: the dossiers' months before the events'.
CREATE OR REPLACE FUNCTION dw.make_months_ahead(a_day date, months integer) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fact regclass;
    made bigint := 0;
BEGIN
    FOR fact IN
        SELECT c.oid
        FROM pg_partitioned_table AS p
        INNER JOIN pg_class AS c ON p.partrelid = c.oid AND c.relnamespace = 'dw'::regnamespace
        ORDER BY c.relname
    LOOP
        FOR ahead IN 0..months LOOP
            made := made + dw.make_month(fact, (a_day + make_interval(months => ahead))::date)::integer;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION dw.detach_month(fact regclass, a_day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first_day date := date_trunc('month', a_day);
    name text := dw.month_of(fact, first_day);
    history text := (SELECT format('dw_history.%I', c.relname) FROM pg_class AS c WHERE c.oid = fact);
    kept_as text := name;
    times integer := 0;
    month_key name;
    states bigint := 0;
BEGIN
    IF fact::text NOT LIKE 'dw.%' OR to_regclass(format('dw_month.%I', name)) IS NULL THEN
        RETURN NULL;
    END IF;
    -- Late news of a month that left before made it once more, perhaps many times.
    WHILE to_regclass(format('dw_detached.%I', kept_as)) IS NOT NULL LOOP
        times := times + 1;
        kept_as := name || '_late' || coalesce('_' || nullif(times, 1)::text, '');
    END LOOP;
    EXECUTE format('ALTER TABLE %s DETACH PARTITION dw_month.%I', fact, name);
    IF kept_as <> name THEN
        EXECUTE format('ALTER TABLE dw_month.%I RENAME TO %I', name, kept_as);
        EXECUTE format(
            'ALTER TABLE dw_month.%I RENAME CONSTRAINT %I TO %I', kept_as, name || '_pkey', kept_as || '_pkey'
        );
    END IF;
    EXECUTE format('ALTER TABLE dw_month.%I SET SCHEMA dw_detached', kept_as);
    -- What its rows said before goes with them: else only those would be told that had been revised.
    IF to_regclass(history) IS NOT NULL THEN
        SELECT a.attname INTO STRICT month_key
        FROM pg_partitioned_table AS p
        INNER JOIN pg_attribute AS a ON p.partrelid = a.attrelid AND p.partattrs[0] = a.attnum
        WHERE p.partrelid = fact;
        EXECUTE format('CREATE TABLE dw_detached.%I (LIKE %s)', kept_as || '_history', history);
        EXECUTE format(
            'WITH gone AS (DELETE FROM %1$s WHERE %2$I >= $1 AND %2$I < $2 RETURNING *) '
            'INSERT INTO dw_detached.%3$I SELECT g.* FROM gone AS g',
            history, month_key, kept_as || '_history'
        )
        USING
        to_char(first_day, 'YYYYMMDD')::integer,
        to_char(first_day + interval '1 month', 'YYYYMMDD')::integer;
        GET DIAGNOSTICS states = ROW_COUNT;
        IF states = 0 THEN
            EXECUTE format('DROP TABLE dw_detached.%I', kept_as || '_history');
        END IF;
    END IF;
    RETURN format('dw_detached.%I', kept_as);
END
$$;
COMMENT ON FUNCTION dw.detach_month IS
'Takes the month of a day out of a fact and keeps it in dw_detached, what its rows said before beside it
(…_history); where, or NULL if there is none.';
COMMENT ON SCHEMA dw_detached IS
'Months that retention took out of the star, and what their rows said before (…_history): to be archived and
dropped, or attached again, by the owner.';

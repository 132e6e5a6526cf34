-- Purpose: the first load, into the empty fact. Each month of the batch is made aside by several processes
-- and attached; the rows of an INSERT pass through one process, which takes half as long again. Every month
-- reads the batch once, so a batch of many months is inserted after all. The primary key is built after the
-- rows, several times faster than row by row. What is new or truncated PostgreSQL may leave out of the
-- write-ahead log. Only the owner may do all this: for others the key stays, and the rows are inserted.
-- Can run twice: a fact with rows is left to the next files.
DO $$
DECLARE
    most_months constant integer := 3;
    owner regrole := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'dw.fact_dossier'::regclass);
    months date[] := (SELECT array_agg(DISTINCT date_trunc('month', m.day)::date) FROM met AS m);
    required text := (
        SELECT string_agg(format('ALTER COLUMN %I SET NOT NULL, ', a.attname), '')
        FROM pg_attribute AS a
        WHERE a.attrelid = 'dw.fact_dossier'::regclass AND a.attnum > 0 AND a.attnotnull
    );
    first_day date;
    first_key integer;
    end_key integer;
    name text;
BEGIN
    IF EXISTS (SELECT FROM dw.fact_dossier) OR NOT pg_has_role(owner, 'USAGE') THEN
        RETURN;
    END IF;
    TRUNCATE dw.fact_dossier;
    ALTER TABLE dw.fact_dossier DROP CONSTRAINT fact_dossier_pkey;
    IF
        months IS NULL OR cardinality(months) > most_months
        -- A day that the calendar does not know is of no month; the copy that a rebuild fills has none.
        OR EXISTS (SELECT FROM met AS m WHERE dw.date_key(m.day, -1) = -1)
        OR NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'dw.fact_dossier'::regclass)
    THEN
        RETURN;
    END IF;
    FOREACH first_day IN ARRAY months LOOP
        name := dw.month_of('dw.fact_dossier', first_day);
        first_key := to_char(first_day, 'YYYYMMDD');
        end_key := to_char(first_day + interval '1 month', 'YYYYMMDD');
        EXECUTE format('DROP TABLE dw_month.%I', name);
        EXECUTE format(
            'CREATE TABLE dw_month.%I AS SELECT r.*, %s AS batch_key FROM resolved_dossier AS r '
            'WHERE r.received_at >= %L AND r.received_at < %L',
            name,
            current_setting('kho.batch_key'),
            first_day,
            first_day + interval '1 month'
        );
        -- With all that is required of a month proved in one pass, attaching it reads nothing.
        EXECUTE format(
            'ALTER TABLE dw_month.%I %s ADD CONSTRAINT of_month '
            'CHECK (received_date_key >= %s AND received_date_key < %s)',
            name, required, first_key, end_key
        );
        EXECUTE format('ALTER TABLE dw_month.%I OWNER TO %s', name, owner);
        EXECUTE format(
            'ALTER TABLE dw.fact_dossier ATTACH PARTITION dw_month.%I FOR VALUES FROM (%s) TO (%s)',
            name, first_key, end_key
        );
        EXECUTE format('ALTER TABLE dw_month.%I DROP CONSTRAINT of_month', name);
    END LOOP;
END
$$;

INSERT INTO dw.fact_dossier (
    dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, document_count, supplement_count, result_count,
    digitised_document_count, electronic_result_count, is_on_time, received_at, due_at, finished_at,
    returned_at, supplement_asked_at, supplement_received_at, source_updated_at, content_hash,
    fee_amount_vnd, status_code, channel_code, submission_form_code, applicant_type_code, batch_key
)
SELECT
    r.*,
    :batch_key
FROM resolved_dossier AS r
WHERE NOT EXISTS (SELECT FROM dw.fact_dossier);

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'dw.fact_dossier'::regclass AND conname = 'fact_dossier_pkey'
    ) THEN
        ALTER TABLE dw.fact_dossier
        ADD CONSTRAINT fact_dossier_pkey PRIMARY KEY (received_date_key, dossier_code);
        ANALYZE dw.fact_dossier (dossier_code, batch_key);
    END IF;
END
$$;

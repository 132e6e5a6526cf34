-- Purpose: the first load, into the empty fact. Each month of the batch is made aside by several processes;
-- the rows of an INSERT pass through one process, which takes half as long again. Every month reads the
-- batch once, so a batch of many months is inserted after all. Without the primary key, which is built after
-- the rows, several times faster than row by row. What is new or truncated PostgreSQL may leave out of the
-- write-ahead log. Only the owner may do all this: for others the key stays, and the rows are inserted.
-- Result: whether the fact was empty, so that nothing will read the whole batch any more.
-- Can run twice: a fact with rows is left to the next files.
CREATE TEMP TABLE filling AS
SELECT NOT EXISTS (SELECT FROM dw.fact_dossier) AS is_first;

CREATE TEMP TABLE filled_month (name text, first_key integer, end_key integer);

DO $$
DECLARE
    most_months constant integer := 3;
    owner regrole := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'dw.fact_dossier'::regclass);
    months date[] := (SELECT array_agg(DISTINCT date_trunc('month', m.day)::date) FROM met AS m);
    columns text := (
        SELECT string_agg(format('r.%I', a.attname), ', ' ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE
            a.attrelid = 'dw.fact_dossier'::regclass AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attname <> 'batch_key'
    );
    first_day date;
    name text;
BEGIN
    IF NOT (SELECT f.is_first FROM filling AS f) OR NOT pg_has_role(owner, 'USAGE') THEN
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
        EXECUTE format('DROP TABLE dw_month.%I', name);
        EXECUTE format(
            'CREATE TABLE dw_month.%I AS SELECT %s, %s AS batch_key FROM resolved_dossier AS r '
            'WHERE r.received_at >= %L AND r.received_at < %L',
            name,
            columns,
            current_setting('kho.batch_key'),
            first_day,
            first_day + interval '1 month'
        );
        INSERT INTO filled_month (name, first_key, end_key)
        VALUES (
            name, to_char(first_day, 'YYYYMMDD')::integer,
            to_char(first_day + interval '1 month', 'YYYYMMDD')::integer
        );
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
    r.dossier_code,
    r.agency_key,
    r.procedure_key,
    r.unit_key,
    r.received_date_key,
    r.due_date_key,
    r.finished_date_key,
    r.returned_date_key,
    r.document_count,
    r.supplement_count,
    r.result_count,
    r.digitised_document_count,
    r.electronic_result_count,
    r.is_on_time,
    r.received_at,
    r.due_at,
    r.finished_at,
    r.returned_at,
    r.supplement_asked_at,
    r.supplement_received_at,
    r.source_updated_at,
    r.content_hash,
    r.fee_amount_vnd,
    r.status_code,
    r.channel_code,
    r.submission_form_code,
    r.applicant_type_code,
    :batch_key
FROM resolved_dossier AS r
WHERE (SELECT f.is_first FROM filling AS f) AND NOT EXISTS (SELECT FROM filled_month);

SELECT f.is_first FROM filling AS f;

-- Purpose: the months that a first load made aside become months of the fact, and its primary key is built.
-- Grain: one partition per month. Can run twice: a fact that has its key and no month aside is left alone.
DO $$
DECLARE
    owner regrole := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'dw.fact_dossier'::regclass);
    required text := (
        SELECT string_agg(format('ALTER COLUMN %I SET NOT NULL, ', a.attname), '')
        FROM pg_attribute AS a
        WHERE a.attrelid = 'dw.fact_dossier'::regclass AND a.attnum > 0 AND a.attnotnull
    );
    month record;
BEGIN
    FOR month IN SELECT m.* FROM filled_month AS m ORDER BY m.first_key LOOP
        -- With all that is required of a month proved in one pass, attaching it reads nothing.
        EXECUTE format(
            'ALTER TABLE dw_month.%I %s ADD CONSTRAINT of_month '
            'CHECK (received_date_key >= %s AND received_date_key < %s)',
            month.name, required, month.first_key, month.end_key
        );
        EXECUTE format('ALTER TABLE dw_month.%I OWNER TO %s', month.name, owner);
        EXECUTE format(
            'ALTER TABLE dw.fact_dossier ATTACH PARTITION dw_month.%I FOR VALUES FROM (%s) TO (%s)',
            month.name, month.first_key, month.end_key
        );
        EXECUTE format('ALTER TABLE dw_month.%I DROP CONSTRAINT of_month', month.name);
    END LOOP;
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

-- Purpose: pseudonyms with a key that is not in the database. Whoever loads hands the key to his transaction
-- (the setting kho.pseudonym_keys, see kho/privacy); here is only how a pseudonym is made, what the key's own
-- pseudonym of a constant is, by which another key is recognised, and which columns hold pseudonyms.
CREATE TABLE meta.pseudonym_state (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    fingerprint text,
    layers integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO meta.pseudonym_state DEFAULT VALUES;
COMMENT ON TABLE meta.pseudonym_state IS
'The fingerprint of the key of this warehouse''s pseudonyms; without one, none was used yet, or it is still '
'in meta.pseudonym_key and moves out with the next load.';

CREATE TABLE meta.pseudonym_rotation (
    rotation_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    rotated_by text NOT NULL CHECK (rotated_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    layers integer NOT NULL,
    fingerprint_before text NOT NULL,
    fingerprint_after text NOT NULL,
    rewritten bigint NOT NULL
);
COMMENT ON TABLE meta.pseudonym_rotation IS 'Grain: one row per change of the key of pseudonyms.';

CREATE TABLE meta.pseudonym_column (
    table_name regclass NOT NULL,
    column_name name NOT NULL,
    dataset text NOT NULL,
    PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE meta.pseudonym_column IS
'Every column that holds pseudonyms, and the dataset that fills it. Other values may stand beside them.';
INSERT INTO meta.pseudonym_column (table_name, column_name, dataset)
VALUES
('dw.dim_enterprise', 'enterprise_ref', 'enterprises'),
('dw.dim_enterprise', 'parent_ref', 'enterprises');

CREATE FUNCTION meta.pseudonym_layer(value text, layer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT 'P-' || left(encode(sha256(
        decode(split_part($2, ':', 2), 'hex')
        || sha256(decode(split_part($2, ':', 1), 'hex') || convert_to($1, 'UTF8'))
    ), 'hex'), 32)
$$;
COMMENT ON FUNCTION meta.pseudonym_layer(text, text) IS
'HMAC-SHA256, the first 128 bits; the layer is the key with its inner and outer padding, as hex.';

CREATE OR REPLACE FUNCTION meta.pseudonym(identifier text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    layer text;
    ref text := identifier;
BEGIN
    IF coalesce(current_setting('kho.pseudonym_keys', TRUE), '') = '' THEN
        RAISE EXCEPTION 'no pseudonym can be made: this transaction was not given the key'
        USING HINT = 'only a load has it; start one with kho run or the dataset''s DAG';
    END IF;
    FOREACH layer IN ARRAY string_to_array(current_setting('kho.pseudonym_keys'), ' ') LOOP
        ref := meta.pseudonym_layer(ref, layer);
    END LOOP;
    RETURN ref;
END
$$;

CREATE FUNCTION meta.add_pseudonym_layer() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held record;
    changed bigint;
    total bigint := 0;
BEGIN
    FOR held IN SELECT c.table_name, c.column_name FROM meta.pseudonym_column AS c ORDER BY 1, 2 LOOP
        EXECUTE format(
            'UPDATE %s SET %I = meta.pseudonym(%I) WHERE %I ~ ''^P-[0-9a-f]{32}$''',
            held.table_name, held.column_name, held.column_name, held.column_name
        );
        GET DIAGNOSTICS changed = ROW_COUNT;
        total := total + changed;
    END LOOP;
    RETURN total;
END
$$;
COMMENT ON FUNCTION meta.add_pseudonym_layer() IS
'Puts the layer that the transaction was given over every pseudonym that is kept; how many there were.';

REVOKE ALL ON FUNCTION meta.pseudonym(text), meta.pseudonym_layer(text, text), meta.add_pseudonym_layer()
FROM public;

-- Where no pseudonym was made yet, the key in the database is needed by nobody.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM dw.dim_enterprise WHERE enterprise_ref LIKE 'P-%' OR parent_ref LIKE 'P-%') THEN
        TRUNCATE meta.pseudonym_key;
    END IF;
END
$$;

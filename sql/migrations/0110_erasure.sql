-- Purpose: erase a person's data on a lawful request, write down that it was done, and keep it from coming
-- back. Who the person is, is kept only as pseudonyms; a change of their key rewrites these as well.
CREATE TABLE meta.erasure (
    erasure_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_reference text NOT NULL CHECK (order_reference <> ''),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    begun_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE meta.erasure IS
'Grain: one row per order to erase a person''s data; unfinished ones are run again.';

CREATE TABLE meta.suppressed_subject (
    subject_ref text PRIMARY KEY,
    erasure_id integer NOT NULL REFERENCES meta.erasure (erasure_id),
    kind text NOT NULL CHECK (kind IN ('identifier', 'record')),
    suppressed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE meta.suppressed_subject IS
'Whose data is not taken in any more: pseudonyms of identifiers, and of the keys of records about a person.';
INSERT INTO meta.pseudonym_column (table_name, column_name, dataset)
VALUES ('meta.suppressed_subject', 'subject_ref', 'enterprises');

CREATE TABLE meta.erasure_work (
    erasure_id integer NOT NULL REFERENCES meta.erasure (erasure_id),
    dataset text NOT NULL,
    business_key text NOT NULL,
    PRIMARY KEY (erasure_id, dataset, business_key)
);
COMMENT ON TABLE meta.erasure_work IS
'The records that are being erased, until they are: the raw zone no longer says which they were. Then empty.';

CREATE TABLE meta.erasure_place (
    erasure_id integer NOT NULL REFERENCES meta.erasure (erasure_id),
    place text NOT NULL,
    items bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX erasure_place_erasure ON meta.erasure_place (erasure_id);
COMMENT ON TABLE meta.erasure_place IS
'Grain: one row per place and run: how much of a person''s data went from there.';

-- Whoever runs the nights adds to what was done and changes none of it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        REVOKE UPDATE, DELETE ON meta.erasure_place FROM kho_loader;
    END IF;
END
$$;

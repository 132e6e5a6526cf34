-- Purpose: nobody needs personal data to see what is wrong. `dq.quarantine_masked` is the quarantine without
-- it, and the only view of it that the role kho_steward has. What is personal, the contracts say; a copy of
-- that is in meta.column_classification. What no contract calls public or internal is not shown.
CREATE TABLE meta.column_classification (
    dataset text NOT NULL,
    source_name text NOT NULL,
    title_vi text NOT NULL,
    classification text NOT NULL CHECK (classification IN ('public', 'internal', 'personal')),
    is_key boolean NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (dataset, source_name)
);
COMMENT ON TABLE meta.column_classification IS
'A copy of the contracts; a field that two columns read has the stricter classification.';

CREATE FUNCTION dq.mask_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN $1 !~ '[0-9@]' THEN $1
        ELSE regexp_replace(
            regexp_replace(
                $1, '(^|[^0-9])0[0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}(?![0-9])', '\1***', 'g'
            ),
            '[^[:space:]]+@[^[:space:]]+', '***', 'g'
        )
    END
$$;
COMMENT ON FUNCTION dq.mask_text(text) IS
'A text without what is a citizen id or an e-mail address by its form, wherever somebody may have put it.';

CREATE FUNCTION dq.mask_value(value jsonb, is_shown boolean) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN $1 IS NULL OR jsonb_typeof($1) = 'null' THEN 'null'::jsonb
        WHEN NOT coalesce($2, FALSE) OR jsonb_typeof($1) IN ('object', 'array') THEN '"***"'::jsonb
        -- A structure written as text: no contract says what is inside, nor what its keys are.
        WHEN jsonb_typeof($1) = 'string' AND ($1 #>> '{}') ~ '^[[:space:][:cntrl:]]*[[{]' THEN '"***"'::jsonb
        WHEN jsonb_typeof($1) = 'boolean' THEN $1
        WHEN dq.mask_text($1 #>> '{}') = ($1 #>> '{}') THEN $1
        ELSE to_jsonb(dq.mask_text($1 #>> '{}'))
    END
$$;
COMMENT ON FUNCTION dq.mask_value(jsonb, boolean) IS 'One value of a record as it may be seen.';

CREATE FUNCTION dq.mask_record(raw jsonb, known text[], shown text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN jsonb_typeof($1) <> 'object' THEN '"***"'::jsonb ELSE (
        SELECT
            coalesce(
                jsonb_object_agg(e.key, dq.mask_value(e.value, e.key = ANY(coalesce($3, '{}'))))
                FILTER (WHERE e.key = ANY(coalesce($2, '{}'))),
                '{}'::jsonb
            )
            || CASE WHEN count(*) FILTER (WHERE NOT e.key = ANY(coalesce($2, '{}'))) > 0
                THEN jsonb_build_object('***', count(*) FILTER (WHERE NOT e.key = ANY(coalesce($2, '{}'))))
                ELSE '{}'::jsonb
            END
        FROM jsonb_each($1) AS e
    ) END
$$;
COMMENT ON FUNCTION dq.mask_record(jsonb, text[], text[]) IS
'A record as it may be seen: values of the fields that are shown, *** for other known fields, and how many '
'fields no contract knows: not even their names are shown.';

CREATE VIEW dq.quarantine_masked WITH (security_barrier) AS
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
LEFT JOIN field AS c ON q.dataset = c.dataset;
COMMENT ON VIEW dq.quarantine_masked IS
'The quarantine without personal data. An agency code outside the catalogue may be anything: it is masked.';

-- A role belongs to the whole server: another warehouse on it may have made it, or may be making it now; and
-- the owner of the warehouse may not be allowed to. The runbook says what an administrator does then.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_steward') THEN
        CREATE ROLE kho_steward NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
        RAISE NOTICE 'role kho_steward: %', sqlerrm;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_steward') THEN
        GRANT USAGE ON SCHEMA dq, meta TO kho_steward;
        GRANT SELECT ON dq.quarantine_masked, dq.rule, dq.principle, dq.score TO kho_steward;
    END IF;
END
$$;

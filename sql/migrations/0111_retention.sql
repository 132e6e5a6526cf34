-- Purpose: what is kept too long goes, and it is written down what went.
ALTER TABLE meta.batch ADD COLUMN raw_removed_on date;
COMMENT ON COLUMN meta.batch.raw_removed_on IS
'When its files left the raw zone because their time was over; it cannot be judged again.';

CREATE TABLE meta.retention_log (
    removed_at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('batch', 'request_log', 'closed_case', 'report_draft', 'access_log')),
    dataset text NOT NULL,
    subject text NOT NULL,
    items bigint NOT NULL CHECK (items > 0),
    older_than date NOT NULL
);
COMMENT ON TABLE meta.retention_log IS
'Grain: one row per batch, or per kind, dataset and run: what went because its time was over.';

CREATE FUNCTION dq.prune_access_log(older_than date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    IF $1 > current_date - 365 THEN
        RAISE EXCEPTION 'the log of who looked at what is kept for a year at least'
        USING HINT = 'access_log_days in include/retention.yaml must be 365 or more';
    END IF;
    DELETE FROM dq.access_log AS l WHERE l.accessed_at < $1;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION dq.prune_access_log(date) IS
'Removes what is older than a day from dq.access_log, which whoever runs the nights cannot change otherwise.';
REVOKE ALL ON FUNCTION dq.prune_access_log(date) FROM public;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kho_loader') THEN
        GRANT EXECUTE ON FUNCTION dq.prune_access_log(date) TO kho_loader;
        REVOKE UPDATE, DELETE ON meta.retention_log FROM kho_loader;
    END IF;
END
$$;

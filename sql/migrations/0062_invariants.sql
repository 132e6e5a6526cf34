-- Purpose: what always has to hold in the star, and how it was found each night.
CREATE VIEW dw.dimension_version AS
SELECT
    'dim_administrative_unit' AS relation,
    unit_key AS member_key,
    unit_code AS member_code,
    valid_from,
    valid_to
FROM dw.dim_administrative_unit
UNION ALL
SELECT
    'dim_agency',
    agency_key,
    agency_code,
    valid_from,
    valid_to
FROM dw.dim_agency
UNION ALL
SELECT
    'dim_investment_project',
    project_key,
    project_code,
    valid_from,
    valid_to
FROM dw.dim_investment_project
UNION ALL
SELECT
    'dim_enterprise',
    enterprise_key,
    enterprise_ref,
    valid_from,
    valid_to
FROM dw.dim_enterprise;
COMMENT ON VIEW dw.dimension_version IS
'Grain: one row per member and span of validity, of every dimension that keeps its history.';

CREATE TABLE dq.invariant_result (
    as_of date NOT NULL,
    invariant text NOT NULL,
    purpose text NOT NULL,
    broken bigint NOT NULL,
    relations text[] NOT NULL,
    samples jsonb NOT NULL,
    seconds numeric(9, 3) NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (as_of, invariant)
);
COMMENT ON TABLE dq.invariant_result IS
'Grain: night and file of sql/invariants: how many rows break it, in which tables, and a few of them.';
COMMENT ON COLUMN dq.invariant_result.samples IS
'A list of {relation, subject, problem}; subjects are codes and keys, never persons.';

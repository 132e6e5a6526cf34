-- Purpose: where each dataset comes from, as its contract says. Grain: dataset.
-- Can run twice: equal rows are left alone; a dataset without a contract is marked and stays.
INSERT INTO dw.dim_source_system AS t (
    dataset, name_vi, source_kind, connection, owner_agency_code, contract_version
)
SELECT u.*
FROM
    unnest(
        cast(:dataset AS text[]), cast(:name_vi AS text[]), cast(:source_kind AS text[]),
        cast(:connection AS text[]), cast(:owner_agency_code AS text[]), cast(:contract_version AS text[])
    ) AS u
ON CONFLICT (dataset) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        source_kind = excluded.source_kind,
        connection = excluded.connection,
        owner_agency_code = excluded.owner_agency_code,
        contract_version = excluded.contract_version,
        is_retired = FALSE
    WHERE
    (t.name_vi, t.source_kind, t.connection, t.owner_agency_code, t.contract_version, t.is_retired)
    IS DISTINCT FROM (
        excluded.name_vi, excluded.source_kind, excluded.connection, excluded.owner_agency_code,
        excluded.contract_version, FALSE
    );

UPDATE dw.dim_source_system
SET is_retired = TRUE
WHERE source_system_key > 0 AND NOT is_retired AND dataset <> all(cast(:dataset AS text[]));

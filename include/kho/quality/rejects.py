"""The rejected rows of a batch, with their records as received.

In: a labelled staging table and the batch's raw zone. Out: `stg.<batch>__rejected`: one row for each
that broke a critical rule: its number, business key, agency, all rules it broke (warnings too), and
the raw record as JSON with its checksum. Records are moved as a stream, so a batch of which every
row fails needs little more memory than a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import sqlalchemy as sa

from kho.bulk_copy import copy_batches
from kho.contracts.model import Contract
from kho.duck import connect as duck_connect
from kho.raw_zone.landing import record_files
from kho.stage import BATCH_ROWS, StageTable, libpq_uri

_RAW_RECORDS = """
WITH record AS (
    SELECT _row, to_json(struct_pack(*COLUMNS(* EXCLUDE (_row)))) AS raw
    FROM landed SEMI JOIN failing USING (_row)
),
safe AS (SELECT _row, replace(CAST(raw AS VARCHAR), '\\u0000', '\\ufffd') AS raw FROM record)
SELECT
    safe._row,
    failing.business_key,
    failing.agency_code,
    failing.failed_rules,
    safe.raw,
    md5(safe.raw) AS raw_md5
FROM safe JOIN failing USING (_row)
"""


def rejected_table(table: StageTable) -> StageTable:
    """The table of a batch's rejected rows."""
    return StageTable(f"{table.name}__rejected", table.schema)


def write_rejects(
    engine: sa.Engine,
    contract: Contract,
    table: StageTable,
    failed_table: StageTable,
    critical: Sequence[str],
    folder: Path,
) -> int:
    """Make the table of rejected rows; returns how many there are.

    Args:
        failed_table: the labelled rows: `_row`, `_key`, `_agency`, `rules text[]`.
        critical: ids of the rules that keep a row out of the warehouse.
        folder: the batch in the raw zone.
    """
    rejected = rejected_table(table)
    text = [sa.Column(name, sa.Text) for name in ("business_key", "agency_code", "raw", "raw_md5")]
    target = sa.Table(
        rejected.name,
        sa.MetaData(),
        sa.Column("_row", sa.BigInteger),
        sa.Column("failed_rules", sa.ARRAY(sa.Text)),
        *text,
        schema=rejected.schema,
        prefixes=["UNLOGGED"],
    )
    with engine.begin() as db:
        target.drop(db, checkfirst=True)
        target.create(db)
        # Few, looked up in a hash while the batch is read: by several processes, if this is not.
        db.exec_driver_sql(f"ALTER TABLE {rejected.quoted} SET (parallel_workers = 0)")
    agency = (
        "coalesce(_agency, '')" if contract.quality.agency_column else f"'{contract.quality.owner_agency}'"
    )
    query = (
        f"SELECT _row, _key AS business_key, {agency} AS agency_code, rules AS failed_rules "
        f"FROM {failed_table.quoted} WHERE rules && $1::text[]"
    )
    array = "{" + ",".join(f'"{rule}"' for rule in critical) + "}"
    rows = _copy_raw(engine, rejected, query, array, record_files(folder))
    with engine.begin() as db:
        # The load leaves these rows out by a hashed set; the planner must know how many there are.
        db.execute(sa.text(f"ANALYZE {rejected.quoted} (_row)"))
    return rows


def _copy_raw(
    engine: sa.Engine, rejected: StageTable, query: str, critical: str, files: Sequence[str]
) -> int:
    with adbc.connect(libpq_uri(engine)) as connection, connection.cursor() as cursor:
        cursor.execute(query, (critical,))
        failing = cursor.fetch_arrow_table()
        if failing.num_rows:
            with duck_connect(threads=2, memory="200MB") as duck:
                duck.register("failing", failing)
                duck.register("landed", duck.read_parquet(list(files)))
                raw = duck.sql(_RAW_RECORDS).to_arrow_reader(BATCH_ROWS)
                copy_batches(engine, raw, rejected.quoted)
        connection.commit()
    return int(failing.num_rows)

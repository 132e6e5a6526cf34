"""The rejected rows of a batch, with their records as received.

In: a labelled staging table and the batch's raw zone. Out: `stg.<batch>__rejected`: the number and
the raw record, as JSON, of each row that broke a critical rule. Rows are moved as a stream, so a
batch of which every row fails needs no more memory than a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import sqlalchemy as sa

from kho.raw_zone.landing import record_files
from kho.stage import BATCH_ROWS, StageTable, libpq_uri

_RAW_RECORDS = """
SELECT landed._row AS _row, replace(CAST(to_json(landed) AS VARCHAR), '\\u0000', '\\ufffd') AS raw
FROM landed SEMI JOIN failing ON landed._row = failing._row
"""


def rejected_table(table: StageTable) -> StageTable:
    """The table of a batch's rejected rows."""
    return StageTable(f"{table.name}__rejected", table.schema)


def write_rejects(
    engine: sa.Engine,
    table: StageTable,
    failed_table: StageTable,
    critical: Sequence[str],
    folder: Path,
) -> int:
    """Make the table of rejected rows; returns how many there are.

    Args:
        failed_table: the labelled rows: `_row`, `rules text[]`.
        critical: ids of the rules that keep a row out of the warehouse.
        folder: the batch in the raw zone.
    """
    rejected = rejected_table(table)
    target = sa.Table(
        rejected.name,
        sa.MetaData(),
        sa.Column("_row", sa.BigInteger),
        sa.Column("raw", sa.Text),
        schema=rejected.schema,
        prefixes=["UNLOGGED"],
    )
    with engine.begin() as db:
        target.drop(db, checkfirst=True)
        target.create(db)
    rows = _copy_raw(engine, rejected, failed_table, critical, record_files(folder))
    with engine.begin() as db:
        db.execute(sa.text(f"CREATE INDEX ON {rejected.quoted} (_row)"))
        db.execute(sa.text(f"ANALYZE {rejected.quoted}"))
    return rows


def _copy_raw(
    engine: sa.Engine,
    rejected: StageTable,
    failed_table: StageTable,
    critical: Sequence[str],
    files: Sequence[str],
) -> int:
    query = f"SELECT _row FROM {failed_table.quoted} WHERE rules && $1::text[]"
    array = "{" + ",".join(f'"{rule}"' for rule in critical) + "}"
    with adbc.connect(libpq_uri(engine)) as connection, connection.cursor() as cursor:
        cursor.execute(query, (array,))
        failing = cursor.fetch_arrow_table()
        if failing.num_rows:
            with duckdb.connect(config={"threads": 1, "memory_limit": "200MB"}) as duck:
                duck.register("failing", failing)
                duck.register("landed", duck.read_parquet(list(files)))
                raw = duck.sql(_RAW_RECORDS).to_arrow_reader(BATCH_ROWS)
                cursor.adbc_ingest(rejected.name, raw, mode="append", db_schema_name=rejected.schema)
        connection.commit()
    return int(failing.num_rows)

"""The rejected rows of a batch, with their records as received.

In: a labelled staging table and the batch's raw zone. Out: `stg.<batch>__rejected`: one row for each
that broke a critical rule: its number, business key, agency, all rules it broke (warnings too), and
the raw record as JSON with its checksum. Rows that broke a rule while the batch was staged brought their
records along; those of the others are looked for in the raw zone and moved as a stream, so a batch of
which every row fails needs little more memory than a good one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv

from kho.bulk_copy import copy_batches
from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.raw_zone.landing import record_files
from kho.rules.duck_labels import RAW_RECORD
from kho.settings import get_settings
from kho.stage import StageTable

_IN_MEMORY = 1 << 24
"""Bytes of rejected rows' keys beyond which they wait in a file."""

_FAILING = pa.schema(
    [
        ("_row", pa.int64()),
        ("business_key", pa.string()),
        ("agency_code", pa.string()),
        ("failed_rules", pa.string()),
    ]
)
_RAW_RECORDS = f"""
WITH record AS (
    SELECT _row, struct_pack(*COLUMNS(* EXCLUDE (_row))) AS record
    FROM landed SEMI JOIN failing USING (_row)
),
safe AS (SELECT _row, {RAW_RECORD.format("record")} AS raw FROM record)
SELECT
    safe._row,
    failing.business_key,
    failing.agency_code,
    string_split(failing.failed_rules, ',') AS failed_rules,
    safe.raw,
    md5(safe.raw) AS raw_md5
FROM safe JOIN failing USING (_row)
"""


def rejected_table(table: StageTable) -> StageTable:
    """The table of a batch's rejected rows."""
    return table.beside("rejected")


def write_rejects(
    engine: sa.Engine,
    table: StageTable,
    failed_table: StageTable,
    critical: Sequence[str],
    folder: Path,
    failed_rows: int,
) -> int:
    """Make the table of rejected rows; returns how many there are.

    Args:
        failed_table: the labelled rows: `_row`, `_key`, `_agency`, `rules text[]`.
        critical: ids of the rules that keep a row out of the warehouse.
        folder: the batch in the raw zone.
        failed_rows: how many labelled rows there are.
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
    failing = (
        "SELECT _row, _key AS business_key, coalesce(_agency, '') AS agency_code, rules AS failed_rules "
        f"FROM {failed_table.quoted} WHERE rules && %(critical)s::text[]"
    )
    columns = "_row, business_key, agency_code, failed_rules"
    chosen = {"critical": list(critical)}
    with engine.begin() as db:
        target.drop(db, checkfirst=True)
        target.create(db)
        if not failed_rows:
            return 0
        # Few, looked up in a hash while the batch is read: by several processes, if this is not.
        db.exec_driver_sql(f"ALTER TABLE {rejected.quoted} SET (parallel_workers = 0)")
        # Nobody has counted these tables yet: a join that takes them for small would take minutes.
        db.exec_driver_sql("SET LOCAL enable_nestloop = off")
        brought = db.exec_driver_sql(
            f"INSERT INTO {rejected.quoted} ({columns}, raw, raw_md5) SELECT {columns}, raw, raw_md5 "
            f"FROM ({failing}) AS f JOIN {table.beside('judged').quoted} AS j USING (_row) "
            "WHERE raw IS NOT NULL",
            chosen,
        ).rowcount
        left = db.exec_driver_sql(f"SELECT count(*) FROM ({failing}) AS f", chosen).scalar_one()
    missing = int(left) - brought
    if missing:
        query = (
            "SELECT _row, business_key, agency_code, array_to_string(failed_rules, ',') AS failed_rules "
            f"FROM ({failing}) AS f WHERE _row NOT IN (SELECT _row FROM {rejected.quoted})"
        )
        _copy_raw(engine, rejected, _failing(engine, query, critical), record_files(folder))
    with engine.begin() as db:
        # The load leaves these rows out by a hashed set; the planner must know how many there are.
        db.execute(sa.text(f"ANALYZE {rejected.quoted} (_row)"))
    return brought + missing


def _failing(engine: sa.Engine, query: str, critical: Sequence[str]) -> pa.Table:
    """The rows of a query, in the columns of `_FAILING`.

    PostgreSQL writes them as CSV and Arrow reads that: no Python object for a cell, and no catalogue of types
    to be read first.
    """
    spill = get_settings().home / "tmp"
    spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = engine.raw_connection()
    try:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(spill)) as file:
            cursor = connection.cursor()
            wanted = cursor.mogrify(query, {"critical": list(critical)}).decode()
            cursor.copy_expert(f"COPY ({wanted}) TO STDOUT (FORMAT csv)", file)
            if not file.tell():
                return _FAILING.empty_table()
            file.seek(0)
            return csv.read_csv(
                file,
                csv.ReadOptions(column_names=_FAILING.names),
                csv.ParseOptions(newlines_in_values=True),
                csv.ConvertOptions(
                    column_types=_FAILING,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
    finally:
        connection.close()


def _copy_raw(engine: sa.Engine, rejected: StageTable, failing: pa.Table, files: Sequence[str]) -> None:
    with duck_connect(threads=2, memory="200MB") as duck:
        duck.register("failing", failing)
        duck.register("landed", duck.read_parquet(list(files)))
        raw = duck.sql(_RAW_RECORDS).to_arrow_reader(BATCH_ROWS)
        copy_batches(engine, raw, rejected.quoted)

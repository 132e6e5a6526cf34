"""What changed in a table since its last loaded state.

In: the rows just read, with their keys and hashes, and the keys and hashes of the batch loaded last. Out:
the rows that are new or changed, and, if rows vanished, the keys of all that are left. Where one of
several rows with the same key changed, all of them are taken, so that they are judged together.

    rows-all.parquet     every row, until the changed ones are picked out of it
    snapshot-*.parquet   key and hash of every row: what the next night compares with
    records-*.parquet    new and changed rows
    keys-*.parquet       all keys, in a night in which some vanished
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.extract.sql.rows import HASH, HASH_FUNCTION

SNAPSHOT = "snapshot-00000.parquet"
_ROWS_A_PASS = 2_000_000
"""Hashes compared at a time; memory is a few dozen bytes for each."""


@dataclass(frozen=True)
class Changes:
    """What a comparison found."""

    rows: int
    deleted: int


def agreement_of(folder: Path) -> str | None:
    """Under which contract a batch's snapshot was taken; None if there is no snapshot to compare with.

    Empty if its hashes mean nothing to this version: its keys can be used, its hashes cannot.
    """
    path = folder / SNAPSHOT
    if not path.is_file():
        return None
    note = pq.read_schema(path).metadata or {}
    if note.get(b"hash") != HASH_FUNCTION.encode():
        return ""
    return str(note.get(b"agreement", b""), "ascii")


def pick_changes(all_rows: Path, now: Path, base: Path, key: tuple[str, ...], records: Path) -> Changes:
    """Write the rows of `all_rows` that `base` does not have in this form to `records`."""
    with duck_connect(threads=2, memory="200MB") as duck:
        duck.read_parquet(str(now)).create_view("now")
        duck.read_parquet(str(base)).create_view("base")
        duck.read_parquet(str(all_rows)).create_view("all_rows")
        total = pq.read_metadata(now).num_rows + pq.read_metadata(base).num_rows
        _find_changed_hashes(duck, passes=1 + total // _ROWS_A_PASS)
        names = ", ".join(_quoted(name) for name in key)
        duck.execute(
            f"CREATE TEMP TABLE affected AS SELECT {names} FROM now SEMI JOIN changed USING ({HASH}) "
            f"UNION SELECT {names} FROM base SEMI JOIN changed USING ({HASH})"
        )
        same = " AND ".join(f"a.{_quoted(name)} IS NOT DISTINCT FROM n.{_quoted(name)}" for name in key)
        left = _count(duck, f"(SELECT DISTINCT {names} FROM now n SEMI JOIN affected a ON {same})")
        affected = _count(duck, "affected")
        chosen = duck.sql(f"SELECT n.* EXCLUDE (_row) FROM all_rows n SEMI JOIN affected a ON {same}")
        rows = _write(chosen.to_arrow_reader(BATCH_ROWS), records)
    return Changes(rows, deleted=affected - left)


def _count(duck: duckdb.DuckDBPyConnection, what: str) -> int:
    return int(duck.sql(f"SELECT count(*) FROM {what}").fetchall()[0][0])


def _find_changed_hashes(duck: duckdb.DuckDBPyConnection, passes: int) -> None:
    """Hashes that occur more often now than then, or less often."""
    duck.execute(f"CREATE TEMP TABLE changed ({HASH} UBIGINT)")
    for turn in range(passes):
        duck.execute(
            f"INSERT INTO changed SELECT {HASH} FROM ("
            f"SELECT {HASH}, 1 AS side FROM now WHERE {HASH} % {passes} = {turn} "
            f"UNION ALL SELECT {HASH}, -1 FROM base WHERE {HASH} % {passes} = {turn}"
            f") GROUP BY {HASH} HAVING sum(side) <> 0"
        )


def _write(reader: pa.RecordBatchReader, path: Path) -> int:
    rows = 0
    schema = reader.schema.append(pa.field("_row", pa.int64()))
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for batch in reader:
            numbers = pa.array(np.arange(rows, rows + batch.num_rows))
            writer.write_batch(batch.append_column("_row", numbers).cast(schema))
            rows += batch.num_rows
    return rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""The records of an old night that a newer night has in a newer form.

In: a batch of the raw zone and the batches loaded after it. Out: the rows of it whose key came again later,
or that the source no longer had later. A replay of the old night judges them with the rest, because they
belong to its scores; but they are neither loaded nor quarantined, so an older state never takes a newer one's
place.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from kho.conform.expressions import conform
from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.quality.rejects import rejected_table
from kho.raw_zone.landing import record_files

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract
    from kho.stage import StageTable


def superseded_rows(contract: Contract, folder: Path, later: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """The numbers (`_row`) of the records of `folder` that the folders of `later` have newer."""
    records = [path for other in later for path in record_files(other)]
    keys = next((found for other in reversed(later) if (found := record_files(other, "keys"))), [])
    mine = record_files(folder)
    if not mine or not (records or keys):
        return
    with duck_connect(threads=2, memory="400MB") as duck:
        here = _keys(duck, contract, mine, numbered=True).set_alias("here")
        parts: list[duckdb.DuckDBPyRelation] = []
        if records:
            again = _keys(duck, contract, records).set_alias("again")
            parts.append(here.join(again, _same(contract, "again"), how="semi"))
        if keys:
            left = _keys(duck, contract, keys).set_alias("there")
            parts.append(here.join(left, _same(contract, "there"), how="anti"))
        rows = parts[0].select("_row")
        for part in parts[1:]:
            rows = rows.union(part.select("_row"))
        yield from rows.distinct().to_arrow_reader(BATCH_ROWS)


def set_aside(db: sa.Connection, table: StageTable, rows: Iterator[pa.RecordBatch]) -> None:
    """Count these rows as repeats of what the warehouse has, in the caller's transaction."""
    db.exec_driver_sql("CREATE TEMP TABLE superseded (_row bigint PRIMARY KEY) ON COMMIT DROP")
    cursor = db.connection.cursor()
    for batch in rows:
        numbers = "\n".join(map(str, batch.column(0).to_pylist()))
        cursor.copy_expert("COPY superseded FROM STDIN", io.StringIO(numbers))
    db.exec_driver_sql("ANALYZE superseded")
    for statement in (
        f"UPDATE {table.quoted} AS s SET _repeat = 1 FROM superseded AS o WHERE o._row = s._row",
        f"DELETE FROM {rejected_table(table).quoted} AS r USING superseded AS o WHERE o._row = r._row",
    ):
        db.exec_driver_sql(statement)


def _keys(
    duck: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str], *, numbered: bool = False
) -> duckdb.DuckDBPyRelation:
    """The conformed keys of record files; incomplete ones are nobody's."""
    only_keys = contract.model_copy(update={"columns": contract.key})
    conformed = conform(duck.read_parquet(list(files)), only_keys)
    names = [*(["_row"] if numbered else []), *(column.name for column in contract.key)]
    return conformed.select(*(duckdb.ColumnExpression(name) for name in names))


def _same(contract: Contract, other: str) -> str:
    return " AND ".join(f'here."{column.name}" = {other}."{column.name}"' for column in contract.key)

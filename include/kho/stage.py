"""Conform a landed batch and copy it into its staging table.

In: a batch of the raw zone. Out: the UNLOGGED table `stg.<batch>` with the contract's columns and
`_row` (the record's number in the raw zone), `_unreadable`, `_repeat` (0: the one to load; 1: the
same record again; 2: another, older record with the same key) and `_broken` (it breaks a row rule).
DuckDB reads, conforms and judges, COPY takes it in binary; all stream, so memory does not grow with
the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from kho.bulk_copy import copy_batches
from kho.conform.expressions import KEY_HASH, conform
from kho.contracts.model import Contract
from kho.corrections import Correction, corrected
from kho.duck import connect as duck_connect
from kho.errors import ReconciliationError
from kho.raw_zone.landing import record_files
from kho.rules.duck_labels import BROKEN, NO_LABELS, DuckLabels, duck_labels, leave_mark
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.rules.suite import Suite

STREAMS = 2
"""Parallel COPY streams; more do not help on the two cores of a small server."""

BATCH_ROWS = 32_768

JUDGED_ON_THE_WAY = 100_000
"""Batches from this size on are judged by DuckDB while they stream past. For fewer rows it takes longer to
put the rules into its words (half a second) than to let PostgreSQL ask every row."""

_NO_HASHES = np.empty(0, np.uint64)
_NO_ROWS = np.empty(0, np.int64)


@dataclass(frozen=True)
class StageTable:
    """The staging table of one batch: `stg."<name>"`."""

    name: str
    schema: str = "stg"

    @property
    def quoted(self) -> str:
        return f'{self.schema}."{self.name}"'


@dataclass(frozen=True)
class Staged:
    """What came of staging a batch."""

    table: StageTable
    rows: int
    duplicates: int
    conflicts: int


def stage_table(batch_id: str) -> StageTable:
    """The staging table that belongs to a batch."""
    return StageTable(batch_id.replace("-", "_"))


def stage_batch(
    engine: sa.Engine,
    contract: Contract,
    batch_id: str,
    folder: Path,
    fetched: int,
    judge_by: tuple[Suite, Mapping[str, Any]] | None = None,
    fixes: Sequence[Correction] = (),
) -> Staged:
    """Create and fill the staging table of a batch; an earlier, half-made one is replaced.

    Args:
        folder: the batch in the raw zone.
        fetched: the number of landed records.
        judge_by: a suite and the values of its parameters: what DuckDB can judge of its row rules is
            judged on the way, see `kho.rules.duck_labels`.
        fixes: corrections of single values, applied to the landed records.

    Raises:
        ReconciliationError: not every landed record reached the table.
    """
    table = stage_table(batch_id)
    with engine.begin() as db:
        create_stage_table(db, contract, table)
    files = record_files(folder)
    labels = _labels(engine, contract, table, files, judge_by) if files and judge_by else NO_LABELS
    rows, suspects = _copy(engine, contract, table, files, labels, fixes)
    if keys := record_files(folder, "keys"):
        _copy_keys(engine, contract, table, keys)
    with engine.begin() as db:
        _tune_for_batch(db)
        conflicts, duplicates = _mark_repeats(db, contract, table, suspects)
        leave_mark(db, table, labels)
        _measure(db, table)
    if rows != fetched:
        raise ReconciliationError(
            f"{fetched} records were landed and {rows} staged",
            dataset=contract.dataset,
            batch=batch_id,
            where=table.quoted,
            next_step="run the dataset again; if it repeats, compare the raw zone with its manifest",
        )
    return Staged(table, rows, duplicates, conflicts)


def create_stage_table(db: sa.Connection, contract: Contract, table: StageTable) -> None:
    """An empty staging table, and one for the source's keys beside it."""
    columns = [sa.Column("_row", sa.BigInteger), sa.Column("_unreadable", sa.Text)]
    columns += [sa.Column(column.name, _SqlType(column.sql_type)) for column in contract.columns]
    columns.append(sa.Column("_repeat", sa.SmallInteger, server_default="0", nullable=False))
    columns.append(sa.Column(BROKEN, sa.Boolean))
    keys = [sa.Column(column.name, sa.Text) for column in contract.key]
    for name, parts in ((table.name, columns), (f"{table.name}__keys", keys)):
        target = sa.Table(name, sa.MetaData(), *parts, schema=table.schema, prefixes=["UNLOGGED"])
        target.drop(db, checkfirst=True)
        target.create(db)


def drop_staging(engine: sa.Engine, table: StageTable) -> None:
    """Remove what a batch left in stg; the raw zone can make it again."""
    with engine.begin() as db:
        for suffix in ("", "__keys", "__failed", "__rejected"):
            db.exec_driver_sql(f'DROP TABLE IF EXISTS {table.schema}."{table.name}{suffix}"')


class _SqlType(sa.types.UserDefinedType[object]):
    """A column type by the name that the contract gives it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


def _measure(db: sa.Connection, table: StageTable) -> None:
    """Tell the planner what is in the table, now: what comes next will not wait for autovacuum.

    A small sample will do: how many rows there are, and which columns hold few values.
    """
    db.exec_driver_sql("SET LOCAL default_statistics_target = 10")
    db.exec_driver_sql(f"ANALYZE {table.quoted}")


def _labels(
    engine: sa.Engine,
    contract: Contract,
    table: StageTable,
    files: Sequence[str],
    judge_by: tuple[Suite, Mapping[str, Any]],
) -> DuckLabels:
    with duck_connect(threads=1, memory="150MB") as duck:
        return duck_labels(
            engine, judge_by[0], table, judge_by[1], conform(duck.read_parquet(files[0]), contract)
        )


def _copy(
    engine: sa.Engine,
    contract: Contract,
    table: StageTable,
    files: Sequence[str],
    labels: DuckLabels,
    fixes: Sequence[Correction],
) -> tuple[int, list[int]]:
    """Stream the record files into the table, several at a time.

    Returns the number of rows, and the `_row` of each record that may share its key with another;
    those are nearly always few.
    """
    shares = [files[i::STREAMS] for i in range(STREAMS) if files[i::STREAMS]]
    seen = [_SeenKeys() for _ in shares]

    def copy_share(share: Sequence[str], keys: _SeenKeys) -> int:
        with duck_connect(threads=1, memory="150MB") as duck:
            landed = corrected(duck.read_parquet(list(share)), contract, fixes)
            conformed = labels.select(conform(landed, contract))
            return copy_batches(engine, keys.watch(conformed.to_arrow_reader(BATCH_ROWS)), table.quoted)

    with ThreadPoolExecutor(STREAMS) as pool:
        jobs = [pool.submit(copy_share, *job) for job in zip(shares, seen, strict=True)]
        rows = sum(job.result() for job in jobs)
    return rows, _SeenKeys.repeated(seen)


class _SeenKeys:
    """The keys that passed through one stream, as hashes: sixteen bytes a row."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray[Any, np.dtype[np.int64]]] = []
        self.hashes: list[np.ndarray[Any, np.dtype[np.uint64]]] = []

    def watch(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same stream without the hashes, which are kept."""
        place = reader.schema.get_field_index(KEY_HASH)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                keyed = (
                    batch.filter(batch.column(place).is_valid()) if batch.column(place).null_count else batch
                )
                # Copies: a view would keep the whole batch in memory.
                self.rows.append(keyed.column("_row").to_numpy().copy())
                self.hashes.append(keyed.column(place).to_numpy().copy())
                yield batch.drop_columns([KEY_HASH])

        return pa.RecordBatchReader.from_batches(reader.schema.remove(place), batches())

    @staticmethod
    def repeated(streams: Sequence[_SeenKeys]) -> list[int]:
        """The rows whose hash another row of any stream has too."""
        hashes = np.concatenate([part for stream in streams for part in stream.hashes] or [_NO_HASHES])
        rows = np.concatenate([part for stream in streams for part in stream.rows] or [_NO_ROWS])
        order = np.argsort(hashes, kind="stable")
        same = hashes[order][1:] == hashes[order][:-1]
        return sorted(
            {int(row) for row in rows[order[:-1][same]]} | {int(row) for row in rows[order[1:][same]]}
        )


def _copy_keys(engine: sa.Engine, contract: Contract, table: StageTable, files: Sequence[str]) -> None:
    with duck_connect(threads=1, memory="150MB") as duck:
        keys = conform(
            duck.read_parquet(list(files)), contract.model_copy(update={"columns": contract.key})
        ).select(*(duckdb.ColumnExpression(column.name) for column in contract.key))
        copy_batches(engine, keys.to_arrow_reader(BATCH_ROWS), f'{table.schema}."{table.name}__keys"')


def _tune_for_batch(db: sa.Connection) -> None:
    run_file(db, "stage/tune_for_batch.sql")


def _mark_repeats(
    db: sa.Connection, contract: Contract, table: StageTable, suspects: Sequence[int]
) -> tuple[int, int]:
    """Set `_repeat` on rows whose key occurs more than once; returns (conflicts, duplicates).

    Only suspects are looked at: they are few, the table is large.
    """
    if not suspects:
        return 0, 0
    staged = sa.Table(table.name, sa.MetaData(), schema=table.schema, autoload_with=db)
    keys = [staged.c[column.name] for column in contract.key]
    content = sa.func.md5(
        sa.cast(sa.func.to_jsonb(sa.literal_column(f'"{table.name}"')) - "_row" - "_repeat", sa.Text)
    )
    newest = (
        []
        if contract.source.watermark is None
        else [staged.c[contract.source.watermark.column].desc().nulls_last()]
    )
    among = sa.any_(sa.bindparam("suspects", list(suspects), type_=ARRAY(sa.BigInteger)))
    copies = sa.func.row_number().over(partition_by=[*keys, content], order_by=staged.c["_row"])
    rank = sa.func.row_number().over(partition_by=keys, order_by=[*newest, staged.c["_row"]])
    ranked = (
        sa.select(
            sa.cast(sa.literal_column("ctid"), sa.Text).label("place"),
            copies.label("copy"),
            rank.label("rank"),
        )
        .where(staged.c["_row"] == among)
        .subquery()
    )
    verdict = sa.case((ranked.c.copy > 1, 1), (ranked.c.rank > 1, 2), else_=0).label("mark")
    chosen = sa.select(ranked.c.place, verdict).where(sa.or_(ranked.c.copy > 1, ranked.c.rank > 1))
    # By place (ctid) in the table: the few rows are found without reading the many.
    marks = db.execute(chosen).all()
    for mark in {row.mark for row in marks}:
        here = [row.place for row in marks if row.mark == mark]
        db.execute(
            sa.text(f"UPDATE {table.quoted} SET _repeat = :mark WHERE ctid = ANY(cast(:places AS tid[]))"),
            {"mark": mark, "places": here},
        )
    return sum(row.mark == 2 for row in marks), sum(row.mark == 1 for row in marks)

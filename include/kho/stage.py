"""Conform a landed batch and copy it into its staging table.

In: a batch of the raw zone. Out: the UNLOGGED table `stg.<batch>` with the contract's columns and
`_row` (the record's number in the raw zone), `_unreadable` and `_repeat` (0: the one to load; 1: the
same record again; 2: another, older record with the same key). If the rows are judged on the way, three
tables stand beside it: `__repeated` has copies of the rows whose `_repeat` is not 0, which are still to be
judged; of all others `__judged` has those that break a rule, with their records as received, and `__tally`
the number that each rule applies to, by agency. DuckDB reads, conforms and judges, COPY takes it in binary;
all stream, so memory does not grow with the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from kho.bulk_copy import copy_batches
from kho.conform.expressions import CONTENT_HASH, KEY_HASH, RECORD, conform
from kho.contracts.model import Contract
from kho.corrections import Correction, corrected
from kho.duck import connect as duck_connect
from kho.errors import ReconciliationError
from kho.raw_zone.landing import record_files
from kho.rules.duck_labels import (
    APPLYING,
    BROKEN,
    NO_LABELS,
    VERDICTS,
    DuckLabels,
    duck_labels,
    leave_mark,
)
from kho.rules.labelling import evaluated
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.rules.suite import Suite

STREAMS = 2
"""Parallel COPY streams; more do not help on the two cores of a small server."""

BATCH_ROWS = 32_768

JUDGED_ON_THE_WAY = 100_000
"""Batches from this size on are judged by DuckDB while they stream past. For fewer rows it takes longer to
put the rules into its words (half a second) than to let PostgreSQL ask every row."""

BESIDE = ("keys", "judged", "tally", "repeated", "failed", "rejected")
"""What the names of tables beside a staging table end in, after `__`."""

_HELD_BYTES = 8 << 20
"""Rows that break a rule are held up to this size, and then labelled and copied."""

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

    def beside(self, what: str) -> StageTable:
        """One of the tables beside it, see `BESIDE`."""
        return StageTable(f"{self.name}__{what}", self.schema)


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
    rows, suspects, tally = _copy(engine, contract, table, files, labels, fixes)
    if keys := record_files(folder, "keys"):
        _copy_keys(engine, contract, table, keys)
    with engine.begin() as db:
        _tune_for_batch(db)
        repeats = _repeats(db, contract, table, suspects)
        settle(db, contract, table, labels, repeats, tally, rows)
        _measure(db, table)
    if rows != fetched:
        raise ReconciliationError(
            f"{fetched} records were landed and {rows} staged",
            dataset=contract.dataset,
            batch=batch_id,
            where=table.quoted,
            next_step="run the dataset again; if it repeats, compare the raw zone with its manifest",
        )
    marks = Counter(one.mark for one in repeats)
    return Staged(table, rows, duplicates=marks[1], conflicts=marks[2])


def create_stage_table(db: sa.Connection, contract: Contract, table: StageTable) -> None:
    """An empty staging table, and those beside it that are filled with it."""
    # What every reader asks comes first: PostgreSQL takes a row apart only up to the last column it needs.
    columns: list[sa.Column[Any]] = [
        sa.Column("_row", sa.BigInteger),
        sa.Column(CONTENT_HASH, sa.BigInteger),
        sa.Column("_repeat", sa.SmallInteger, server_default="0", nullable=False),
    ]
    columns += [sa.Column(column.name, _SqlType(column.sql_type)) for column in contract.columns]
    columns.append(sa.Column("_unreadable", sa.Text))
    keys = [sa.Column(column.name, sa.Text) for column in contract.key]
    judged = [sa.Column(name, sa.Text) for name in ("_agency", "_key", "raw", "raw_md5")]
    numbers = {name: sa.Column(name, sa.BigInteger) for name in ("_row", "evaluated")}
    tally = [sa.Column("rule_id", sa.Text), sa.Column("_agency", sa.Text), numbers["evaluated"]]
    drop_tables(db, table)
    for target, parts in (
        (table, columns),
        (table.beside("keys"), keys),
        (table.beside("judged"), [numbers["_row"], *judged, sa.Column("rules", sa.ARRAY(sa.Text))]),
        (table.beside("tally"), tally),
    ):
        sa.Table(target.name, sa.MetaData(), *parts, schema=target.schema, prefixes=["UNLOGGED"]).create(db)
    db.exec_driver_sql(
        f"CREATE UNLOGGED TABLE {table.beside('repeated').quoted} (LIKE {table.quoted} INCLUDING DEFAULTS)"
    )


def drop_staging(engine: sa.Engine, table: StageTable) -> None:
    """Remove what a batch left in stg; the raw zone can make it again."""
    with engine.begin() as db:
        drop_tables(db, table)


def drop_tables(db: sa.Connection, table: StageTable) -> None:
    """The same within a transaction."""
    for one in (table, *map(table.beside, BESIDE)):
        db.exec_driver_sql(f"DROP TABLE IF EXISTS {one.quoted}")


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
        conformed = conform(duck.read_parquet(files[0]), contract)
        return duck_labels(engine, judge_by[0], table, judge_by[1], conformed, contract)


def _copy(
    engine: sa.Engine,
    contract: Contract,
    table: StageTable,
    files: Sequence[str],
    labels: DuckLabels,
    fixes: Sequence[Correction],
) -> tuple[int, list[int], Tally]:
    """Stream the record files into the table, several at a time.

    Returns the number of rows, the `_row` of each record that may share its key with another (those are
    nearly always few), and the number of rows that each rule applies to.
    """
    shares = [files[i::STREAMS] for i in range(STREAMS) if files[i::STREAMS]]
    seen = [_SeenKeys() for _ in shares]
    verdicts = [Verdicts(engine, contract, table, labels) for _ in shares]

    def copy_share(share: Sequence[str], keys: _SeenKeys, verdict: Verdicts) -> int:
        with duck_connect(threads=1, memory="150MB") as duck:
            landed = duck.read_parquet(list(share))
            if not labels.conditions:
                reader = conform(corrected(landed, contract, fixes), contract).to_arrow_reader(BATCH_ROWS)
                return copy_batches(engine, keys.watch(reader), table.quoted)
            # The record as received goes along, as references to its columns, for rows that break a rule.
            columns = [duckdb.ColumnExpression(name) for name in landed.columns if name != "_row"]
            record = duckdb.FunctionExpression("struct_pack", *columns).alias(RECORD)
            landed = corrected(landed.select(duckdb.StarExpression(), record), contract, fixes)
            reader = labels.select(conform(landed, contract)).to_arrow_reader(BATCH_ROWS)
            rows = copy_batches(engine, keys.watch(verdict.watch(reader)), table.quoted)
            verdict.close()
            return rows

    with ThreadPoolExecutor(STREAMS) as pool:
        jobs = [pool.submit(copy_share, *job) for job in zip(shares, seen, verdicts, strict=True)]
        rows = sum(job.result() for job in jobs)
    tally: Tally = Counter()
    for verdict in verdicts:
        tally.update(verdict.tally())
    return rows, _SeenKeys.repeated(seen), tally


Tally = Counter[tuple[str, str | None]]
"""Rows that a rule applies to, by rule and agency."""


class Verdicts:
    """What DuckDB says of the rows of one stream: taken off it, counted, copied where a rule is broken."""

    def __init__(self, engine: sa.Engine, contract: Contract, table: StageTable, labels: DuckLabels) -> None:
        self._engine, self._target, self._labels = engine, table.beside("judged").quoted, labels
        self._agency = contract.quality.agency_column
        self._counts: Counter[tuple[str | None, int]] = Counter()
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0

    def watch(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same stream without the labels."""
        schema = pa.schema([field for field in reader.schema if field.name not in VERDICTS])

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self._count(batch)
                self._hold(batch)
                yield batch.select(schema.names)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def close(self) -> None:
        """Label and copy what is still held."""
        held, self._held, self._bytes = self._held, [], 0
        if held:
            with duck_connect(threads=1, memory="150MB") as duck:
                rows = duck.from_arrow(pa.Table.from_batches(held))
                labelled = self._labels.labelled(rows, self._agency).to_arrow_reader(BATCH_ROWS)
                copy_batches(self._engine, labelled, self._target)

    def tally(self) -> Tally:
        """How many rows each rule applies to."""
        tally: Tally = Counter()
        for (agency, applying), rows in self._counts.items():
            for rule, place in self._labels.domain_of.items():
                if applying >> place & 1:
                    tally[rule, agency] += rows
        return tally

    def _agency_of(self, batch: pa.RecordBatch) -> pa.Array:
        return batch.column(self._agency) if self._agency else pa.nulls(batch.num_rows, pa.string())

    def _count(self, batch: pa.RecordBatch) -> None:
        pairs = pa.table([self._agency_of(batch), batch.column(APPLYING)], names=["agency", "applying"])
        counted = pairs.group_by(["agency", "applying"], use_threads=False).aggregate([([], "count_all")])
        names = ("agency", "applying", "count_all")
        for agency, applying, rows in zip(*(counted[name].to_pylist() for name in names), strict=True):
            self._counts[agency, applying] += rows

    def _hold(self, batch: pa.RecordBatch) -> None:
        broken = batch.column(BROKEN)
        if broken.null_count == batch.num_rows:
            return
        self._held.append(batch.filter(broken))
        self._bytes += self._held[-1].nbytes
        if self._bytes >= _HELD_BYTES:
            self.close()


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


class Repeat(NamedTuple):
    """A row whose key another row has too, its place (ctid) in the staging table, and its `_repeat`."""

    place: str
    row: int
    mark: int


def _repeats(
    db: sa.Connection, contract: Contract, table: StageTable, suspects: Sequence[int]
) -> list[Repeat]:
    """The rows that repeat the key of another.

    Only suspects are looked at: they are few, the table is large. By their places the few rows are
    found without reading the many.
    """
    if not suspects:
        return []
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
            staged.c["_row"],
            copies.label("copy"),
            rank.label("rank"),
        )
        .where(staged.c["_row"] == among)
        .subquery()
    )
    verdict = sa.case((ranked.c.copy > 1, 1), (ranked.c.rank > 1, 2), else_=0).label("mark")
    chosen = sa.select(ranked.c.place, ranked.c["_row"], verdict)
    found = db.execute(chosen.where(sa.or_(ranked.c.copy > 1, ranked.c.rank > 1)))
    return [Repeat(*row) for row in found]


def settle(
    db: sa.Connection,
    contract: Contract,
    table: StageTable,
    labels: DuckLabels,
    repeats: Sequence[Repeat],
    tally: Tally,
    rows: int,
) -> None:
    """Finish a staging table to which all rows were copied: mark repeats, note what has been judged.

    Args:
        rows: how many were copied.
    """
    if labels.conditions:
        _set_apart(db, contract, table, labels, repeats, tally)
    _mark(db, table, repeats)
    leave_mark(db, table, labels, rows)


def _set_apart(
    db: sa.Connection,
    contract: Contract,
    table: StageTable,
    labels: DuckLabels,
    repeats: Sequence[Repeat],
    tally: Tally,
) -> None:
    """Take the repeats out of what DuckDB judged, which did not know them, and write the tally down."""
    repeated, judged = table.beside("repeated"), table.beside("judged")
    if repeats:
        copy = sa.text(
            f"INSERT INTO {repeated.quoted} SELECT * FROM {table.quoted} "
            "WHERE ctid = ANY(cast(:places AS tid[]))"
        )
        db.execute(copy, {"places": [one.place for one in repeats]})
        counts = evaluated(db, repeated, contract.quality.agency_column, labels.sources)
        tally.subtract({(c.rule_id, c.agency_code): c.evaluated for c in counts})
        # Nobody has counted these tables yet: a join that takes them for small would take minutes.
        db.exec_driver_sql("SET LOCAL enable_nestloop = off")
        db.exec_driver_sql(f"DELETE FROM {judged.quoted} WHERE _row IN (SELECT _row FROM {repeated.quoted})")
        db.exec_driver_sql("SET LOCAL enable_nestloop = on")
    left = [(rule, agency, rows) for (rule, agency), rows in tally.items() if rows]
    write = sa.text(
        f"INSERT INTO {table.beside('tally').quoted} SELECT * FROM "
        "unnest(cast(:rules AS text[]), cast(:agencies AS text[]), cast(:counts AS bigint[]))"
    )
    rules, agencies, numbers = zip(*left, strict=True) if left else ((), (), ())
    db.execute(write, {"rules": list(rules), "agencies": list(agencies), "counts": list(numbers)})


def _mark(db: sa.Connection, table: StageTable, repeats: Sequence[Repeat]) -> None:
    """Set `_repeat`, by place in the table and by row in the small one beside it."""
    marks = sa.text(f"UPDATE {table.quoted} SET _repeat = :mark WHERE ctid = ANY(cast(:places AS tid[]))")
    beside = sa.text(
        f"UPDATE {table.beside('repeated').quoted} SET _repeat = :mark "
        "WHERE _row = ANY(cast(:rows AS bigint[]))"
    )
    for mark in {one.mark for one in repeats}:
        here = [one for one in repeats if one.mark == mark]
        db.execute(marks, {"mark": mark, "places": [one.place for one in here]})
        db.execute(beside, {"mark": mark, "rows": [one.row for one in here]})

"""Conform a landed batch and copy it into its staging table.

In: a batch of the raw zone. Out: the table `stg.<batch>` and those beside it, see `kho.stage.table`.
DuckDB reads, conforms and judges, COPY takes it in binary; all stream, so memory does not grow with the
batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

from kho.bulk_copy import copy_batches
from kho.conform.expressions import RECORD, conform
from kho.contracts.model import Contract
from kho.corrections import Correction, corrected
from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.errors import ReconciliationError
from kho.raw_zone.landing import record_files
from kho.rules.duck_labels import NO_LABELS, DuckLabels, duck_labels
from kho.sql_files import run_file
from kho.stage.repeats import SeenKeys, find_repeats
from kho.stage.settle import settle
from kho.stage.table import StageTable, create_stage_table, stage_table
from kho.stage.verdicts import Tally, Verdicts

if TYPE_CHECKING:
    from kho.rules.suite import Suite

STREAMS = 2
"""Parallel COPY streams; more do not help on the two cores of a small server."""

JUDGED_ON_THE_WAY = 100_000
"""Batches from this size on are judged by DuckDB while they stream past. For fewer rows it takes longer to
put the rules into its words (half a second) than to let PostgreSQL ask every row."""


@dataclass(frozen=True)
class Staged:
    """What came of staging a batch."""

    table: StageTable
    rows: int
    duplicates: int
    conflicts: int


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
        run_file(db, "stage/tune_for_batch.sql")
        repeats = find_repeats(db, contract, table, suspects)
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
    seen = [SeenKeys() for _ in shares]
    verdicts = [Verdicts(engine, contract, table, labels) for _ in shares]

    def copy_share(share: Sequence[str], keys: SeenKeys, verdict: Verdicts) -> int:
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
    return rows, SeenKeys.repeated(seen), tally


def _copy_keys(engine: sa.Engine, contract: Contract, table: StageTable, files: Sequence[str]) -> None:
    with duck_connect(threads=1, memory="150MB") as duck:
        keys = conform(
            duck.read_parquet(list(files)), contract.model_copy(update={"columns": contract.key})
        ).select(*(duckdb.ColumnExpression(column.name) for column in contract.key))
        copy_batches(engine, keys.to_arrow_reader(BATCH_ROWS), table.beside("keys").quoted)


def _measure(db: sa.Connection, table: StageTable) -> None:
    """Tell the planner what is in the table, now: what comes next will not wait for autovacuum.

    A small sample will do: how many rows there are, and which columns hold few values.
    """
    db.exec_driver_sql("SET LOCAL default_statistics_target = 10")
    db.exec_driver_sql(f"ANALYZE {table.quoted}")

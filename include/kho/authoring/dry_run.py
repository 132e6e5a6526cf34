"""What a night would do, tried with one page: nothing is landed, and nothing stays in the warehouse.

In: a contract, its suite and a `Sample`. Out: a `DryRun`: drift, rows that could be read, rules that
would fail and by how much, and whether the gate would close. The rows pass through the same conforming and
the same rules as a night's, in a staging table of their own that is dropped at the end.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from kho.contracts import Contract
from kho.extract.drift import Drift, compare
from kho.extract.sample import Sample
from kho.rules.suite import Suite
from kho.settings import Settings
from kho.stage import Staged, drop_staging, stage_batch, stage_table


@dataclass(frozen=True)
class ColumnRead:
    """How one column fared: rows with a value at the source, and those of them that could not be read."""

    name: str
    source_name: str
    sql_type: str
    given: int
    unreadable: int


@dataclass(frozen=True)
class RuleFailure:
    """A rule that the sample breaks."""

    rule_id: str
    severity: str
    title: str
    failed: int
    evaluated: int


@dataclass(frozen=True)
class DryRun:
    """What would happen."""

    where: str
    rows: int
    declared: int | None
    drift: Drift
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    columns: tuple[ColumnRead, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why the gate would close; empty if it would not."""

    @property
    def accepted(self) -> int:
        return self.rows - self.rejected - self.duplicates

    @property
    def passes(self) -> bool:
        return not self.reasons and not self.drift.stops


def dry_run(
    contract: Contract, suite: Suite, sample: Sample, engine: sa.Engine, as_of: date, settings: Settings
) -> DryRun:
    """Conform and judge a sample."""
    names = [name for name in sample.records.column_names if not name.startswith("_")]
    if contract.source.kind == "files":
        names = [*contract.source_names, *sample.unexpected]
    drift = compare(contract, names, sample.types, records=sample.records.num_rows)
    if drift.stops or sample.records.num_rows == 0:
        return DryRun(sample.where, sample.records.num_rows, sample.declared, drift)
    with _staged(contract, sample, engine, settings) as (staged, batch_id):
        from kho.rules.validate import validate

        params = {"as_of": as_of, "as_of_end": datetime.combine(as_of, time.max)}
        key = [column.name for column in contract.key]
        validation = validate(engine, suite, stage_table(batch_id), contract.quality, params, key)
        rules = {rule.rule_id: rule for rule in suite.rules}
        failed: dict[str, list[int]] = {}
        for result in validation.results:
            counts = failed.setdefault(result.rule_id, [0, 0])
            counts[0] += result.failed
            counts[1] += result.evaluated
        critical = [rule.rule_id for rule in suite.rules if rule.severity == "critical"]
        with engine.connect() as db:
            rejected = db.scalar(
                sa.select(sa.func.count())
                .select_from(sa.table(validation.failed_table.name, schema=validation.failed_table.schema))
                .where(sa.column("rules").op("&&")(sa.cast(critical, sa.ARRAY(sa.Text))))
            )
            columns = _columns_read(db, contract, sample, batch_id)
        reasons = [rules[rule_id].title for rule_id in validation.dataset_failures if rule_id in critical]
        limit = contract.quality.quarantine_limit
        if (rejected or 0) > max(contract.quality.quarantine_floor, limit * staged.rows):
            share = (rejected or 0) / staged.rows
            reasons.append(f"{share:.1%} of the rows would be rejected, the limit is {limit:.0%}")
    return DryRun(
        where=sample.where,
        rows=staged.rows,
        declared=sample.declared,
        drift=drift,
        duplicates=staged.duplicates,
        conflicts=staged.conflicts,
        rejected=rejected or 0,
        columns=columns,
        failures=tuple(
            RuleFailure(rule_id, rules[rule_id].severity, rules[rule_id].title, count, judged)
            for rule_id, (count, judged) in failed.items()
            if count
        ),
        reasons=tuple(reasons),
    )


@contextmanager
def _staged(
    contract: Contract, sample: Sample, engine: sa.Engine, settings: Settings
) -> Iterator[tuple[Staged, str]]:
    """The sample in a staging table and a private folder, both gone afterwards."""
    batch_id = f"{contract.dataset}-dry-{uuid.uuid4().hex[:6]}"
    parent = settings.home / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kho-dry-", dir=parent) as folder:
        pq.write_table(_complete(contract, sample.records), Path(folder) / "records-00000.parquet")
        try:
            yield stage_batch(engine, contract, batch_id, Path(folder), sample.records.num_rows), batch_id
        finally:
            drop_staging(engine, stage_table(batch_id))


def _complete(contract: Contract, records: pa.Table) -> pa.Table:
    """The records with the contract's columns, NULL for those they lack, and their numbers."""
    table = records
    for name in contract.source_names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    table = table.select(list(contract.source_names))
    return table.append_column("_row", pa.array(np.arange(table.num_rows)))


def _columns_read(
    db: sa.Connection, contract: Contract, sample: Sample, batch_id: str
) -> tuple[ColumnRead, ...]:
    table = stage_table(batch_id)
    unreadable = sa.column("_unreadable", sa.Text)
    counts = [
        sa.func.count().filter(sa.func.strpos(unreadable, f",{column.name},") > 0)
        for column in contract.columns
    ]
    found = db.execute(sa.select(*counts).select_from(sa.table(table.name, schema=table.schema))).one()
    there = set(sample.records.column_names)
    return tuple(
        ColumnRead(
            name=column.name,
            source_name=column.source_name,
            sql_type=column.sql_type,
            given=sample.records.num_rows - sample.records[column.source_name].null_count
            if column.source_name in there
            else 0,
            unreadable=count,
        )
        for column, count in zip(contract.columns, found, strict=True)
    )

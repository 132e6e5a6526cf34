"""What always has to hold in the star, asked each night.

In: the warehouse, and `sql/invariants/*.sql`, a file each. Out: `Invariant`, one per file; on a night, rows
of `dq.invariant_result` and evidence against the platform. A broken invariant stops nothing: yesterday's star
was no better, and the report has to say it.

A file selects the rows that break it, at most twenty: `relation` (a table of `dw`), `subject` (which row,
by codes and keys, nothing personal), `problem`, and `broken`, how many there are in all.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import PurePath
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.lineage import tables_of
from kho.sql_files import files_in, read_sql, run_file

if TYPE_CHECKING:
    from datetime import date

    from kho.contracts import Contract

log = logging.getLogger(__name__)

FOLDER = "invariants"
NEXT_STEP = "kho invariants shows the rows; the runbook says what to do about each"


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that breaks an invariant: its table, what it is, what is wrong with it."""

    relation: str
    subject: str
    problem: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """How one invariant was found; `rows` are the first of the `broken` ones."""

    name: str
    purpose: str
    broken: int
    rows: tuple[BrokenRow, ...]
    seconds: float


def check_invariants(db: sa.Connection) -> tuple[Invariant, ...]:
    """Ask every invariant; one that cannot be asked counts as broken. Changes nothing."""
    return tuple(_check(db, name) for name in files_in(FOLDER))


def note_invariants(db: sa.Connection, as_of: date) -> tuple[Invariant, ...]:
    """Ask every invariant and write down how each was found on the night of `as_of`."""
    found = check_invariants(db)
    for one in found:
        run_file(
            db,
            "quality/note_invariant.sql",
            as_of=as_of,
            invariant=one.name,
            purpose=one.purpose,
            broken=one.broken,
            relations=sorted({row.relation for row in one.rows}),
            samples=json.dumps([asdict(row) for row in one.rows], ensure_ascii=False),
            seconds=round(one.seconds, 3),
        )
    return found


def said_of(found: Sequence[Invariant]) -> str:
    """One line about what is broken, for logs and results; empty if everything holds."""
    broken = [f"{one.name} ({one.broken})" for one in found if one.broken]
    return f"the star breaks its invariants: {', '.join(broken)}; {NEXT_STEP}" if broken else ""


def invariants_by_dataset(
    db: sa.Connection, contracts: Sequence[Contract], as_of: date
) -> Iterator[tuple[str, int, int]]:
    """(dataset, invariants asked, those broken in a table that it fills) on a night that asked them."""
    query = sa.text("SELECT relations, broken FROM dq.invariant_result WHERE as_of = :as_of")
    results = db.execute(query, {"as_of": as_of}).all()
    for contract in contracts:
        tables = set(tables_of(contract.dataset))
        if results and tables:
            failed = sum(1 for row in results if row.broken and tables & set(row.relations))
            yield contract.dataset, len(results), failed


def _check(db: sa.Connection, file: str) -> Invariant:
    name, start = PurePath(file).stem, time.monotonic()
    try:
        with db.begin_nested():
            rows = run_file(db, file).all()
    except sa.exc.DBAPIError as error:
        log.exception("the invariant %s cannot be asked", name)
        said = type(error.orig).__name__ if error.orig else type(error).__name__
        lost = BrokenRow("", name, f"cannot be asked: {said}; the log has the whole message")
        return Invariant(name, _purpose(file), 1, (lost,), time.monotonic() - start)
    found = tuple(BrokenRow(row.relation, row.subject, row.problem) for row in rows)
    broken = max((int(row.broken) for row in rows), default=0)
    return Invariant(name, _purpose(file), broken, found, time.monotonic() - start)


def _purpose(file: str) -> str:
    """What the file says that it asks."""
    lines = takewhile(lambda line: line.startswith("-- "), read_sql(file).splitlines())
    said = " ".join(line.removeprefix("-- ") for line in lines)
    return said.removeprefix("Purpose: ").partition(" Grain:")[0].partition(" It only reads")[0]

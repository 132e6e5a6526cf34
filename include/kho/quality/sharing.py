"""Is a dataset published, described, and read?

In: the marts and what they show, the contracts and the runbook, PostgreSQL's own count of reads. Out: checks
and failures of each dataset.

PostgreSQL counts reads of tables and materialised views, not of views: a dataset whose marts are all views
gives no evidence of being read. Reads are somebody else's if they were added between the end of one night and
the beginning of the next, and not by the warehouse itself (`own_reading`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.lineage import tables_of
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    from kho.contracts import Contract
    from kho.settings import Settings


def publication(db: sa.Connection, contracts: Sequence[Contract]) -> Iterator[tuple[str, int, int]]:
    """(dataset, 1, 0 or 1): whether a mart shows it."""
    marts = _marts(db)
    for contract in contracts:
        shown = any(marts.get(table) for table in tables_of(contract.dataset))
        yield contract.dataset, 1, 0 if shown else 1


def documentation(contracts: Sequence[Contract], settings: Settings) -> Iterator[tuple[str, int, int]]:
    """(dataset, things to describe, those that are not): the dataset, each column, how to run it."""
    runbook = (settings.project_root / "docs" / "runbook.md").read_text(encoding="utf-8")
    own = settings.project_root / "docs" / "runbooks"
    for contract in contracts:
        described = [bool(contract.purpose), contract.title != contract.dataset]
        described += [column.title != column.name for column in contract.columns]
        described.append(f"`{contract.dataset}`" in runbook or (own / f"{contract.dataset}.md").is_file())
        yield contract.dataset, len(described), described.count(False)


def readership(
    db: sa.Connection, contracts: Sequence[Contract], as_of: date, days: int
) -> Iterator[tuple[str, int, int]]:
    """(dataset, 1, 0 or 1) where it is known whether somebody read a mart of it in the last `days`."""
    usage = {
        row.relation: (row.is_read, row.is_watched)
        for row in run_file(db, "measure/readership.sql", as_of=as_of, days=days)
    }
    marts = _marts(db)
    for contract in contracts:
        counted = {
            mart for table in tables_of(contract.dataset) for mart in marts.get(table, ())
        } & usage.keys()
        if any(usage[mart][0] for mart in counted):
            yield contract.dataset, 1, 0
        elif counted and all(usage[mart][1] for mart in counted):
            yield contract.dataset, 1, 1


def open_usage(db: sa.Connection, as_of: date) -> None:
    """Before the night itself reads the marts: what was read since the last one is others' reading."""
    run_file(db, "measure/open_usage.sql", as_of=as_of)


def close_usage(engine: sa.Engine, as_of: date) -> None:
    """After the night's own last reading: from here on it is others' again."""
    with engine.begin() as db:
        # This session's own reads must be in the count before it is taken.
        db.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    with engine.begin() as db:
        run_file(db, "measure/close_usage.sql", as_of=as_of)


@contextmanager
def own_reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction outside of the nights whose reads of the marts, such as by refreshing, are nobody's use.

    What others read while it runs is not counted either.
    """
    with engine.begin() as db:
        before = {row.relation: row.scans for row in run_file(db, "measure/count_scans.sql")}
    with engine.begin() as db:
        yield db
        # Its own reads must be in the count when it is over.
        db.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    with engine.begin() as db:
        run_file(db, "measure/own_usage.sql", relations=list(before), scans_before=list(before.values()))


def _marts(db: sa.Connection) -> dict[str, set[str]]:
    """The marts that show each table."""
    marts: dict[str, set[str]] = {}
    for row in run_file(db, "measure/published.sql"):
        marts.setdefault(row.table_name, set()).add(row.mart)
    return marts

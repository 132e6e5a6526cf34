"""A rule with the history of its failures; a batch with its counts and results; a dataset's batches.

In: the id of a rule, a batch or a dataset. Out: frozen records, None where there is nothing of that id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kho.report.bands import Tally
from kho.sql_files import run_file

if TYPE_CHECKING:
    from decimal import Decimal

    import sqlalchemy as sa

BATCHES = 30


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule's result for a batch."""

    batch_id: str
    as_of: date
    status: str
    evaluated: int
    failed: int

    @property
    def score(self) -> Decimal | None:
        """The share of rows that pass, times 100."""
        return Tally(self.evaluated, self.failed).score


@dataclass(frozen=True, slots=True)
class RulePage:
    """What a rule says, and how often it was broken, the oldest batch first."""

    rule_id: str
    dataset: str
    principle: str
    severity: str
    title_vi: str
    remedy_vi: str
    history: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class BatchRule:
    """What a rule found in a batch."""

    rule_id: str
    principle: str
    severity: str
    title_vi: str
    evaluated: int
    failed: int


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch: its row of the ledger, and the results of its rules, those most broken first."""

    ledger: sa.Row[Any]
    rules: tuple[BatchRule, ...]


def read_rule(engine: sa.Engine, dataset: str, rule: str) -> RulePage | None:
    """A rule of a suite."""
    with engine.connect() as db:
        row = run_file(db, "board/rule.sql", dataset=dataset, rule=rule).mappings().one_or_none()
        if row is None:
            return None
        found = run_file(db, "board/rule_history.sql", dataset=dataset, rule=rule, batches=BATCHES)
        return RulePage(**row, history=tuple(Judged(**judged) for judged in found.mappings()))


def read_batch(engine: sa.Engine, batch_id: str) -> BatchPage | None:
    """A batch of the ledger."""
    with engine.connect() as db:
        row = run_file(db, "board/batch.sql", batch_id=batch_id).one_or_none()
        if row is None:
            return None
        rules = run_file(db, "board/batch_rules.sql", batch_id=batch_id).mappings()
        return BatchPage(row, tuple(BatchRule(**rule) for rule in rules))


def read_batches(engine: sa.Engine, dataset: str) -> tuple[sa.Row[Any], ...]:
    """The newest batches of a dataset."""
    with engine.connect() as db:
        return tuple(run_file(db, "board/batches_of_dataset.sql", dataset=dataset, most=BATCHES).all())

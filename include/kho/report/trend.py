"""How the scores of the principles went, night by night.

In: `dq.score`. Out: for each principle what stood on each of the last nights with scores, counted as the
report counts: 100 x passed / evaluated, rounded down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from kho.report.bands import Tally
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True)
class Trend:
    """Points by principle, one for each night; None where a principle had no evidence yet."""

    nights: tuple[date, ...]
    points: Mapping[str, tuple[Decimal | None, ...]]


def read_trend(db: sa.Connection, as_of: date, nights: int) -> Trend:
    """The last `nights` nights that gave scores, until `as_of`."""
    found: dict[tuple[date, str], Decimal | None] = {}
    days: set[date] = set()
    for row in run_file(db, "report/score_trend.sql", as_of=as_of, nights=nights):
        days.add(row.night)
        found[row.night, row.principle] = Tally(int(row.evaluated), int(row.failed)).score
    order = tuple(sorted(days))
    principles = sorted({principle for _, principle in found})
    return Trend(order, {name: tuple(found.get((night, name)) for night in order) for name in principles})

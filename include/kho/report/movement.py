"""What happened since the last report: nights, loads, records found and records mended.

In: `meta.night`, `dq.reconciliation`, `dq.quarantine`. Out: sums of the nights; by agency what was found,
what was mended, what is open now.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.report.names import Names


@dataclass(frozen=True, slots=True)
class AgencyMovement:
    """One agency; rows of nobody known are together, last."""

    agency: str
    found: int
    mended: int
    open: int
    agency_code: str = ""


@dataclass(frozen=True)
class Movement:
    """All agencies with a change, those that mended most first."""

    since: date
    agencies: tuple[AgencyMovement, ...]

    @property
    def found(self) -> int:
        return sum(item.found for item in self.agencies)

    @property
    def mended(self) -> int:
        return sum(item.mended for item in self.agencies)

    @property
    def open(self) -> int:
        return sum(item.open for item in self.agencies)


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """What the nights of a period loaded, all together."""

    nights: int
    batches: int
    fetched: int
    accepted: int
    quarantined: int
    duplicates: int


def read_period_counts(db: sa.Connection, first: date, as_of: date) -> PeriodCounts:
    """The counts of the nights from `first` to `as_of`."""
    row = run_file(db, "report/period_counts.sql", first=first, as_of=as_of).mappings().one()
    return PeriodCounts(**row)


def read_movement(db: sa.Connection, since: date, as_of: date, names: Names) -> Movement:
    """What was found and mended after `since`, until the night of `as_of`."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in run_file(db, "report/movement.sql", since=since, as_of=as_of):
        line = sums[names.known(row.agency_code)]
        for place, value in enumerate((row.found, row.mended, row.open)):
            line[place] += value
    lines = [
        (code, AgencyMovement(names.agency(code), line[0], line[1], line[2], code))
        for code, line in sums.items()
        if line[0] or line[1]
    ]
    lines.sort(key=lambda item: (not item[0], -item[1].mended, -item[1].found, item[0]))
    return Movement(since, tuple(line for _, line in lines))

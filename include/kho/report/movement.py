"""What happened since the last report: nights, loads, records found, mended and no longer sent.

In: `meta.night`, `dq.reconciliation`, `dq.quarantine`. Out: sums of the nights; by agency what was found,
what was mended, what its source no longer sends, what is open now.
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
    """One agency; rows of nobody known are together, last.

    Attributes:
        unsent: cases that closed because the source no longer sends their record; that is no mending.
    """

    agency: str
    found: int
    mended: int
    unsent: int
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
    def unsent(self) -> int:
        return sum(item.unsent for item in self.agencies)

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
    """What was found, mended and no longer sent after `since`, until the night of `as_of`."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    before: dict[str, set[str]] = defaultdict(set)
    for row in run_file(db, "report/movement.sql", since=since, as_of=as_of):
        code = names.known(row.agency_code)
        before[code] |= set(row.taken_over or ())
        for place, value in enumerate((row.found, row.mended, row.unsent, row.open)):
            sums[code][place] += value
    lines = [
        AgencyMovement(names.agency_and_before(code, before[code]), line[0], line[1], line[2], line[3], code)
        for code, line in sums.items()
        if any(line[:3])
    ]
    lines.sort(key=lambda item: (not item.agency_code, -item.mended, -item.found, item.agency_code))
    return Movement(since, tuple(lines))

"""When the records of a simple source come into being: some every day, or a full set every month.

In:  a setup and the number of a cohort, counted from 0.
Out: for each of the cohort's records the instant at which the source first has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from kho.sandbox.clocks import (
    DAY,
    Ints,
    as_ints,
    date_of,
    day_of,
    day_weight,
    office_seconds,
    working_day_after,
)
from kho.sandbox.source import Setup

_FIRST_SURE_DAY = 12
_SURE_MONTH_BEFORE = 2


class Cohorts(Protocol):
    """The order in which records come into being."""

    def number_before(self, setup: Setup, day: int) -> int:
        """How many cohorts have begun before this day."""

    def begun_on(self, setup: Setup, number: int) -> int:
        """The day on which a cohort begins."""

    def created(self, setup: Setup, random: np.random.Generator, number: int) -> Ints:
        """Instants of creation, in order."""

    def sure(self, setup: Setup, number: int, count: int, kinds: int, /) -> dict[int, int]:
        """Records of this cohort (by position) that get a certain kind of defect whatever is drawn.

        So even a small sandbox shows each kind, some time before the epoch.
        """


@dataclass(frozen=True, slots=True)
class Daily:
    """`rows` records in the `history_days` before the epoch, and so many a day afterwards.

    `rows` is for a sandbox of the default size; a smaller one has at least `least`.
    """

    rows: int
    history_days: int
    least: int = 300

    def number_before(self, setup: Setup, day: int) -> int:
        """One cohort a day."""
        return max(0, day - self.begun_on(setup, 0))

    def begun_on(self, setup: Setup, number: int) -> int:
        """The day."""
        return setup.epoch - self.history_days + number

    def created(self, setup: Setup, random: np.random.Generator, number: int) -> Ints:
        """In office hours."""
        day = self.begun_on(setup, number)
        rate = setup.scaled(self.rows, self.least) / self.history_days
        count = int(rate * day_weight(day) / _MEAN_WEIGHT + random.random())
        if self._sure_kind(setup, number) >= 0:
            count = max(1, count)
        return as_ints(day * DAY + np.sort(office_seconds(random.random(count))))

    def sure(self, setup: Setup, number: int, count: int, kinds: int) -> dict[int, int]:
        """The day's first record, a kind a day."""
        kind = self._sure_kind(setup, number)
        return {0: kind} if 0 <= kind < kinds and count else {}

    def _sure_kind(self, setup: Setup, number: int) -> int:
        return setup.epoch - _FIRST_SURE_DAY - self.begun_on(setup, number)


_MEAN_WEIGHT = (1.25 + 1.1 + 1.0 + 1.02 + 0.93 + 0.2 + 0.12) / 7


@dataclass(frozen=True, slots=True)
class Monthly:
    """Each month one record per cell, sent in the first working days of the next month.

    `cells` says how many there are; the position of a record in its cohort is its cell.
    """

    cells: Callable[[Setup], int]
    history_months: int
    sent_within: int = 4
    straggling: float = 0.1

    def number_before(self, setup: Setup, day: int) -> int:
        """One cohort a month."""
        today = date_of(day)
        return max(0, today.year * 12 + today.month - 1 - self._first_month(setup))

    def begun_on(self, setup: Setup, number: int) -> int:
        """The first of the month."""
        year, month = divmod(self._first_month(setup) + number, 12)
        return day_of(date(year, month + 1, 1))

    def created(self, setup: Setup, random: np.random.Generator, number: int) -> Ints:
        """By the third mostly, some a week later."""
        count = self.cells(setup)
        late = np.where(random.random(count) < self.straggling, random.integers(2, 9, count), 0)
        next_month = np.full(count, self.begun_on(setup, number + 1))
        days = working_day_after(next_month, random.integers(0, self.sent_within, count) + late)
        return as_ints(days * DAY + office_seconds(random.random(count)))

    def sure(self, _setup: Setup, number: int, count: int, kinds: int) -> dict[int, int]:
        """All kinds in one month, evenly spread."""
        if number != self.history_months - _SURE_MONTH_BEFORE or count < kinds:
            return {}
        return {kind * (count // kinds): kind for kind in range(kinds)}

    def _first_month(self, setup: Setup) -> int:
        epoch = date_of(setup.epoch)
        return epoch.year * 12 + epoch.month - 1 - self.history_months

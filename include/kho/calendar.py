"""Working days in Vietnam: weekends, public holidays with the lunar Tết, and days that were swapped.

In: the library `holidays`, and `include/calendar.yaml` for what the government or the province decided for
one year. Out: `is_working_day` and `add_working_days`, by which every deadline is counted; and, for SQL, the
tables `meta.holiday` and `meta.makeup_working_day`, filled by `sync_holidays`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
from pydantic import Field, model_validator

from kho.settings import get_settings
from kho.sql_files import run_file
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

FIRST_YEAR, LAST_YEAR = 2020, 2040
"""The years that the warehouse's tables cover."""

_SATURDAY = 5
_NO_MORE_DAYS = 4000


class _Decision(Frozen):
    valid_from: date
    valid_to: date
    source: str = Field(min_length=1)


class Swap(_Decision):
    """A working day that is off, and the weekend day that is worked instead."""

    closed: date
    worked: date

    @model_validator(mode="after")
    def _makes_sense(self) -> Swap:
        if self.worked.weekday() < _SATURDAY:
            raise ValueError(f"{self.worked} is no weekend day, so nothing is made up for by working on it")
        if self.closed.weekday() >= _SATURDAY:
            raise ValueError(f"{self.closed} is a weekend day and off anyway")
        if not all(self.valid_from <= day <= self.valid_to for day in (self.closed, self.worked)):
            raise ValueError("both days must lie between valid_from and valid_to")
        return self


class DayOff(_Decision):
    """Days without work that no holiday explains: valid_from to valid_to."""

    name: str = Field(min_length=1)


class _Decisions(Frozen):
    swaps: tuple[Swap, ...] = ()
    days_off: tuple[DayOff, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """Which days are off although they are weekdays, and worked although they are not.

    Attributes:
        decisions: what was decided for one year.
    """

    decisions: _Decisions

    def holidays(self, year: int) -> Mapping[date, str]:
        """The days off in `year` that have a name, weekends among them; in Vietnamese."""
        return _holidays(self.decisions, year)

    def made_up(self, year: int) -> Mapping[date, Swap]:
        """The weekend days of `year` that are worked."""
        return {swap.worked: swap for swap in self.decisions.swaps if swap.worked.year == year}

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`."""
        if day.weekday() >= _SATURDAY:
            return day in self.made_up(day.year)
        return day not in self.holidays(day.year)

    def add_working_days(self, day: date, days: int) -> date:
        """The `days`-th working day after `day`; 0 is the day itself, whatever day that is.

        Raises:
            ValueError: `days` is negative, or more than ten years' worth.
        """
        if not 0 <= days <= _NO_MORE_DAYS:
            raise ValueError(f"{days} is no number of working days to add")
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return day


def is_working_day(day: date) -> bool:
    """Whether offices work on `day`, by the project's calendar."""
    return load_calendar().is_working_day(day)


def add_working_days(day: date, days: int) -> date:
    """The `days`-th working day after `day` by the project's calendar; 0 is the day itself."""
    return load_calendar().add_working_days(day, days)


def load_calendar(path: Path | None = None) -> Calendar:
    """The calendar with the decisions of `path`, `include/calendar.yaml` unless given.

    Raises:
        ConfigurationError: the file is wrong; `where` names file and line.
    """
    path = path or _path()
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _load(path: Path, _changed: int) -> Calendar:
    return Calendar(read_as(_Decisions, load_yaml(path), "calendar"))


@lru_cache(maxsize=128)
def _holidays(decisions: _Decisions, year: int) -> Mapping[date, str]:
    # Only deadlines need it, and it takes a while to import.
    from holidays.countries.vietnam import Vietnam

    found: dict[date, str] = dict(Vietnam(years=year, language="vi"))  # type: ignore[no-untyped-call]
    for swap in decisions.swaps:
        if swap.closed.year == year:
            found.setdefault(swap.closed, f"Ngày nghỉ (làm bù ngày {swap.worked:%d/%m/%Y})")
    for other in decisions.days_off:
        day = other.valid_from
        while day <= other.valid_to:
            if day.year == year:
                found.setdefault(day, other.name)
            day += timedelta(days=1)
    return found


def sync_holidays(db: sa.Connection) -> bool:
    """Bring the warehouse's copy of the calendar up to date; whether it had to be changed.

    One look tells when nothing changed: the copy carries the checksum of what it was made from.
    """
    made_from = _made_from()
    # The last year's copy must not block a reader, only another writer.
    if db.scalar(sa.text("SELECT made_from FROM meta.calendar_copy")) == made_from:
        return False
    db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('kho.calendar', 0))"))
    calendar = load_calendar()
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    days = {day: name for year in years for day, name in sorted(calendar.holidays(year).items())}
    swaps = {day: swap for year in years for day, swap in sorted(calendar.made_up(year).items())}
    run_file(
        db,
        "calendar/copy_calendar.sql",
        days=list(days),
        names=list(days.values()),
        worked=list(swaps),
        instead_of=[swap.closed for swap in swaps.values()],
        sources=[swap.source for swap in swaps.values()],
        made_from=made_from,
    )
    run_file(db, "calendar/describe_dates.sql", first_year=FIRST_YEAR, last_year=LAST_YEAR)
    return True


def _made_from() -> str:
    content = hashlib.sha256(_path().read_bytes()).hexdigest()
    return f"{content} {version('holidays')} {FIRST_YEAR}-{LAST_YEAR}"


def _path() -> Path:
    return get_settings().project_root / "include" / "calendar.yaml"

"""The calendar of obligations: who has to report what by when.

In: `include/obligations.yaml` and the working days. Out: frozen `Obligation`s, and for each the `Period`s
that were due up to a night, with the day on which each is due and the last day on which it is still in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from kho.calendar import Calendar
from kho.contracts import dataset_names
from kho.yaml_model import Frozen, read_as, wrong_key
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

Text = Annotated[str, Field(min_length=1)]
_wrong = partial(wrong_key, of="obligations")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class DueRule(Frozen):
    """`day` of the month `months_after` the period's last one; the month's last day where it is shorter."""

    day: int = Field(ge=1, le=31)
    months_after: int = Field(ge=0, le=12)


class Reporters(Frozen):
    """The agencies that must report: of these types or codes, who has reported before, who leads a task."""

    types: tuple[Text, ...] = ()
    codes: tuple[Text, ...] = ()
    reported_before: bool = False
    leads_task: bool = False

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.types or self.codes or self.reported_before or self.leads_task):
            raise ValueError("name types, codes, reported_before: true, or leads_task: true")
        return self


class Exemption(Frozen):
    """An agency that need not report the periods that begin between two days."""

    dataset: Text
    agency: Text
    valid_from: date
    valid_to: date
    reason: Text
    decided_by: Text


@dataclass(frozen=True, slots=True)
class Period:
    """A reporting period; `first` and `last` are its days, `last_day` the last one in time for its report."""

    code: str
    first: date
    last: date
    due_on: date
    last_day: date


class Obligation(Frozen):
    """A dataset that agencies report period by period."""

    dataset: Text
    every: Literal["month", "quarter", "year"]
    due: DueRule
    grace_working_days: int = Field(ge=0, le=60)
    agencies: Reporters
    units: Literal["commune"] | None = None
    times: Literal["exact", "last_change"] = "exact"
    valid_from: date
    valid_to: date | None = None
    source: Text

    def periods(self, since: date, as_of: date, calendar: Calendar) -> Iterator[Period]:
        """The periods that begin on `since` or later and were over on `as_of`, oldest first."""
        since = max(since, self.valid_from)
        step = _MONTHS[self.every]
        month = since.year * 12 + since.month - 1
        month += -month % step
        if _first_of(month) < since:
            month += step
        while (end := _first_of(month + step) - timedelta(days=1)) < as_of:
            first = _first_of(month)
            if self.valid_to is None or first <= self.valid_to:
                yield self._period(first, end, month + step - 1, calendar)
            month += step

    def _period(self, first: date, end: date, last_month: int, calendar: Calendar) -> Period:
        due_month = last_month + self.due.months_after
        month_end = _first_of(due_month + 1) - timedelta(days=1)
        due = month_end.replace(day=min(self.due.day, month_end.day))
        if not calendar.is_working_day(due):
            due = calendar.add_working_days(due, 1)
        return Period(
            _code(self.every, first), first, end, due, calendar.add_working_days(due, self.grace_working_days)
        )


class Obligations(Frozen):
    """All obligations, a dataset once at any time, and who is exempt."""

    judged_months: int = Field(ge=1, le=120)
    obligations: tuple[Obligation, ...]
    exemptions: tuple[Exemption, ...] = ()

    def since(self, as_of: date) -> date:
        """The first day of the oldest month that a night looks at."""
        return _first_of(as_of.year * 12 + as_of.month - 1 - self.judged_months)


def obligations_path(settings: Settings) -> Path:
    return settings.project_root / "include" / "obligations.yaml"


def load_obligations(path: Path) -> Obligations:
    """Read the calendar of obligations.

    Raises:
        ConfigurationError: a key is wrong, a dataset is unknown; `where` names file and line.
    """
    document = load_yaml(path)
    found = read_as(Obligations, document, "obligations")
    known = set(dataset_names())
    spans: dict[str, list[Obligation]] = {}
    for place, obligation in enumerate(found.obligations):
        if obligation.dataset not in known:
            raise _wrong(document, ("obligations", place, "dataset"), f"no contract '{obligation.dataset}'")
        if any(_overlap(obligation, other) for other in spans.setdefault(obligation.dataset, [])):
            raise _wrong(
                document, ("obligations", place, "dataset"), "two obligations of this dataset hold at a time"
            )
        spans[obligation.dataset].append(obligation)
    for place, exemption in enumerate(found.exemptions):
        if exemption.dataset not in spans:
            raise _wrong(
                document, ("exemptions", place, "dataset"), f"nobody must report '{exemption.dataset}'"
            )
        if exemption.valid_to < exemption.valid_from:
            raise _wrong(document, ("exemptions", place, "valid_to"), "ends before it begins")
    return found


def _overlap(one: Obligation, other: Obligation) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)


def _first_of(month: int) -> date:
    """The first day of the `month`-th month since year 0."""
    return date(month // 12, month % 12 + 1, 1)


def _code(every: str, first: date) -> str:
    if every == "month":
        return f"{first.year}-M{first.month:02d}"
    return f"{first.year}-Q{first.month // 3 + 1}" if every == "quarter" else str(first.year)

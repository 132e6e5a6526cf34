"""The span of time that a report is about: a night, a month, a quarter.

In: a kind and the last night. Out: a `Period` with its days and its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from kho.report.vietnamese import day

Kind = Literal["daily", "monthly", "quarterly"]
DAILY: Kind = "daily"
KINDS: tuple[Kind, ...] = ("daily", "monthly", "quarterly")
_MONTHS = {"monthly": 1, "quarterly": 3}
_QUARTERS = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True)
class Period:
    """A span of nights.

    Attributes:
        first: its first night; the report compares with what stood before it.
        last: the night as of which it is told.
        short: how a title calls it.
        long: how the subject calls it.
        within: 'trong đêm 20/11/2026', 'trong tháng 11/2026'.
    """

    kind: Kind
    first: date
    last: date
    short: str
    long: str
    within: str

    @property
    def before(self) -> date:
        """The day before it began."""
        return self.first - timedelta(days=1)


def period_of(kind: Kind, night: date) -> Period:
    """The period of `kind` that holds `night` and is told as of that night."""
    if kind == DAILY:
        shown = day(night)
        return Period(kind, night, night, shown, f"số liệu thu nhận đêm {shown}", f"trong đêm {shown}")
    size = _MONTHS[kind]
    month = (night.month - 1) // size * size + 1
    name = f"tháng {night.month}" if size == 1 else f"quý {_QUARTERS[month // 3]}"
    until = f"số liệu đến hết đêm {day(night)}"
    return Period(
        kind,
        night.replace(month=month, day=1),
        night,
        f"{name} năm {night.year}",
        f"{name} năm {night.year}, {until}",
        f"trong {name} năm {night.year}",
    )

"""What time of the week, the month and the year a night's data is of.

In: the night, how many days it covers, and the working calendar. Out: `Season`: what it has to be compared
with. Days around Tết and other holidays are compared with such days only; ends of months and quarters with
theirs; everything else by the day of the week.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from kho.calendar import load_calendar

BEFORE_TET, AFTER_TET = 10, 5
"""Days before and after Tết in which offices and people do not behave as usual."""

_FEW_DAYS = 8
"""A night that covers more days than this is of no single day of the week."""

_PARTS = ("mid", "start", "end", "quarter_end")

_VI_DAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_VI_SPECIAL = {"tet": "dịp Tết Nguyên đán", "holiday": "ngày nghỉ lễ", "makeup": "ngày làm bù"}
_EN_SPECIAL = {"tet": "Tết", "holiday": "public holiday", "makeup": "make-up working day"}
_VI_MONTH = {"start": "đầu tháng", "end": "cuối tháng", "quarter_end": "cuối quý", "mid": ""}
_EN_MONTH = {"start": "start of month", "end": "end of month", "quarter_end": "end of quarter", "mid": ""}


@dataclass(frozen=True)
class Season:
    """The season of one night.

    Attributes:
        special: `tet`, `holiday`, `makeup`, or empty for an ordinary day.
        month: `start` (1st to 5th), `end` and `quarter_end` (the last three days), or `mid`; where the night
            covers days of several, the one that is most of its own kind.
        weekday: 0 is Monday; the last day that the night covers.
    """

    special: str
    month: str
    weekday: int

    @property
    def key(self) -> str:
        """The season as it is kept: `tet`, `end Friday`."""
        return self.special or f"{self.month} {_EN_DAYS[self.weekday]}"

    @property
    def is_weekend(self) -> bool:
        return self.weekday >= 5


def season_of(night: date, covers: int) -> Season:
    """The season of the night of `night`, whose data is of the `covers` days before it."""
    last = night - timedelta(days=1)
    covers = min(max(covers, 1), _FEW_DAYS)
    parts = {_month(last - timedelta(days=number)) for number in range(covers)}
    return Season(_special(last, covers), max(parts, key=_PARTS.index), last.weekday())


def label_vi(key: str) -> str:
    """A kept season, in Vietnamese."""
    return _labelled(key, _VI_SPECIAL, _VI_MONTH, _VI_DAYS)


def label_en(key: str) -> str:
    """A kept season, in English."""
    return _labelled(key, _EN_SPECIAL, _EN_MONTH, _EN_DAYS)


def _labelled(key: str, special: dict[str, str], months: dict[str, str], days: tuple[str, ...]) -> str:
    if key in special:
        return special[key]
    month, _, day = key.partition(" ")
    parts = [days[_EN_DAYS.index(day)] if day in _EN_DAYS else "", months.get(month, "")]
    return ", ".join(part for part in parts if part) or key


@lru_cache(maxsize=4096)
def _special(last: date, covers: int) -> str:
    days = [last - timedelta(days=number) for number in range(covers)]
    if any(day in _tet(day.year) for day in days):
        return "tet"
    calendar = load_calendar()
    if any(day.weekday() < 5 and day in calendar.holidays(day.year) for day in days):
        return "holiday"
    return "makeup" if any(day in calendar.made_up(day.year) for day in days) else ""


@lru_cache(maxsize=64)
def _tet(year: int) -> frozenset[date]:
    """The days of a year around Tết."""
    return frozenset(_around(year))


def _around(year: int) -> Iterator[date]:
    found = [
        day
        for day, name in load_calendar().holidays(year).items()
        if "Tết Nguyên Đán" in name or "Giao thừa" in name or "Tết Âm lịch" in name
    ]
    if not found:
        return
    day = min(found) - timedelta(days=BEFORE_TET)
    while day <= max(found) + timedelta(days=AFTER_TET):
        yield day
        day += timedelta(days=1)


def _month(day: date) -> str:
    left = monthrange(day.year, day.month)[1] - day.day
    if left < 3:
        return "quarter_end" if day.month % 3 == 0 else "end"
    return "start" if day.day <= 5 else "mid"

"""Days, working time and the date texts of the source systems.

Everywhere in the sandbox a day is a number of days since 1 January 1970 and an instant a number of
seconds since then, both in local time (Asia/Ho_Chi_Minh has no daylight saving).
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

DAY = 86_400
# Larger than any instant or day: "this never happens".
NEVER = 2**31 - 1

_ORIGIN = date(1970, 1, 1)
_MORNING = (7 * 3600 + 1800, 11 * 3600 + 1800)
_AFTERNOON = (13 * 3600 + 1800, 17 * 3600)
OFFICE_OPENS = _MORNING[0]
OFFICE_CLOSES = _AFTERNOON[1]

_MONDAY_TO_SUNDAY = (1.25, 1.1, 1.0, 1.02, 0.93, 0.2, 0.12)
_HOLIDAY_WEIGHT = 0.1
# Fixed public holidays; those of the lunar calendar are left out.
_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))


def day_of(value: date) -> int:
    """The number of a date."""
    return (value - _ORIGIN).days


def date_of(day: int) -> date:
    """The date of a day's number."""
    return _ORIGIN + timedelta(days=int(day))


def moment_of(instant: int) -> datetime:
    """The local time of an instant, without zone, as the sources write it."""
    return datetime(1970, 1, 1) + timedelta(seconds=int(instant))  # noqa: DTZ001 - local time


@cache
def _holidays() -> npt.NDArray[np.datetime64]:
    days = [date(year, month, day) for year in range(2020, 2045) for month, day in _HOLIDAYS]
    return np.array(days, dtype="datetime64[D]")


def day_weight(day: int) -> float:
    """How busy the counters are on a day, 1 being an average Wednesday."""
    value = date_of(day)
    if (value.month, value.day) in _HOLIDAYS:
        return _HOLIDAY_WEIGHT
    return _MONDAY_TO_SUNDAY[value.weekday()]


def working_day_after(days: Ints, steps: Ints | int) -> Ints:
    """The day that is `steps` working days after each day (0: the day or the next working day)."""
    dates = np.asarray(days, dtype="datetime64[D]")
    moved = np.busday_offset(dates, np.asarray(steps), roll="forward", holidays=_holidays())
    return cast("Ints", moved.astype(np.int64))


def is_working_day(days: Ints) -> npt.NDArray[np.bool_]:
    """Whether the offices are open on each day."""
    dates = np.asarray(days, dtype="datetime64[D]")
    return np.is_busday(dates, holidays=_holidays())


def office_seconds(draws: npt.NDArray[np.float64]) -> Ints:
    """Seconds of the day within office hours for draws of [0, 1)."""
    morning = _MORNING[1] - _MORNING[0]
    both = morning + _AFTERNOON[1] - _AFTERNOON[0]
    seconds = (draws * both).astype(np.int64)
    return np.where(seconds < morning, _MORNING[0] + seconds, _AFTERNOON[0] + seconds - morning).astype(
        np.int64
    )


class DateTexts:
    """Writes instants as `dd/MM/yyyy HH:mm:ss`, fast enough for hundreds of thousands of rows."""

    def __init__(self) -> None:
        self._times = [
            f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(DAY)
        ]
        self._days: dict[int, str] = {}

    def of(self, instant: int) -> str:
        """The text of an instant."""
        day, second = divmod(instant, DAY)
        text = self._days.get(day)
        if text is None:
            text = self._days[day] = date_of(day).strftime("%d/%m/%Y")
        return f"{text} {self._times[second]}"


@cache
def date_texts() -> DateTexts:
    """The shared writer of date texts."""
    return DateTexts()


def as_ints(values: Any) -> Ints:
    """Values as an array of 64-bit integers."""
    return np.asarray(values, dtype=np.int64)

"""What is usual for a measure on a night of a season, and whether a value is beyond it.

In: a value, and the same measure of earlier nights with their seasons and verdicts. Out: a `Finding`, or
None: the value is usual, or too little is known to say. Medians and median deviations: a few odd nights move
neither.

A value is a finding if it lies beyond all of these: the median of comparable nights by `sensitivity` usual
deviations, everything that comparable nights had, what people said is expected, and the least change that
matters to anybody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kho.anomalies.config import Kind, Limits
from kho.anomalies.seasons import Season

MOST_COMPARABLE = 26
SHOWN = 12
_NORMAL = 1.4826
"""From a median deviation to a standard deviation, where values scatter normally."""

_LEAST_SPREAD = 0.05
_LEAST_NUMBER_SPREAD = 0.08
_LEAST_SHARE_SPREAD = 0.01
"""Nothing is steadier than this, whatever the past nights say: in logarithms, in parts of the median, in
square roots of shares."""

_FROM_NOTHING = 20
"""A volume that is usually too small to be judged is one if it is so many times what is ever seen."""

_APART = {"tet": 60, "holiday": 10, "makeup": 5}
"""Days between a special night and one that it may be compared with."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Scale = Literal["amount", "share", "number"]
Verdict = Literal["open", "expected", "defect"]


@dataclass(frozen=True)
class Calendar:
    """Tonight and the nights before it; with which of these it compares is asked once for all measures."""

    tonight: date
    season: Season
    nights: Sequence[date]
    seasons: Sequence[Season]

    @cached_property
    def alike(self) -> Flags:
        """Nights of the same season, whatever the day of the week."""
        return np.array([_alike(one, self.season) for one in self.seasons], bool)

    @cached_property
    def weekdays(self) -> NDArray[np.int8]:
        """The day of the week of each night; -1 of a special one."""
        return np.array([-1 if one.special else one.weekday for one in self.seasons], np.int8)

    @cached_property
    def special(self) -> Flags:
        """Nights as special as tonight. A Tết goes down and up again: only another Tết compares."""
        before = self.tonight - timedelta(days=_APART.get(self.season.special, 0))
        return np.array(
            [
                one.special == self.season.special and night <= before
                for night, one in zip(self.nights, self.seasons, strict=True)
            ],
            bool,
        )


@dataclass(frozen=True)
class Past:
    """A measure on earlier nights; arrays as long as there are nights, NaN where it was not taken."""

    values: Floats
    counts: Floats
    verdicts: Mapping[date, Verdict]


@dataclass(frozen=True)
class Finding:
    """A value beyond what is usual, and what that is.

    Attributes:
        comparable: the latest comparable nights and their values; `group` is how many there were.
        expected: nights whose values people have called expected, and that widened the range.
        wide: too few nights of the same season and day: compared with others, and more patiently.
    """

    value: float
    center: float
    low: float
    high: float
    deviations: float
    rows: int
    group: int
    nights: int
    comparable: tuple[tuple[date, float], ...]
    expected: tuple[tuple[date, float], ...]
    wide: bool

    @property
    def is_high(self) -> bool:
        return self.value > self.high


def look(
    kind: Kind, scale: Scale, value: float, rows: int, past: Past, calendar: Calendar, limits: Limits
) -> Finding | None:
    """Whether a value is beyond what is usual for its season.

    Args:
        rows: of how many rows the value is; a share of few rows says nothing.
    """
    enough = scale == "amount"
    if not enough and rows < limits.minimum_rows:
        return None
    usable = np.isfinite(past.values)
    if not enough:
        usable &= past.counts >= limits.minimum_rows
    if past.verdicts:
        usable &= np.array(
            [past.verdicts.get(night) not in ("open", "defect") for night in calendar.nights], bool
        )
    if int(usable.sum()) < limits.minimum_nights:
        return None
    group, wide = _comparable(calendar, usable, limits.minimum_comparable)
    if group is None:
        return None
    group = group[-MOST_COMPARABLE:]
    turn, back = _SCALES[scale]
    turned = turn(past.values)
    now = float(turn(np.array([value]))[0])
    low, high = float(turned[group].min()), float(turned[group].max())
    if low <= now <= high:
        return None
    middle = float(np.median(turned[group]))
    spread = max(
        _deviation(turned[group]),
        0.0 if calendar.season.special else _pooled(turned, calendar, usable),
        _noise(scale, middle, rows, past.counts[group]),
    )
    patience = limits.sensitivity * (2 if wide else 1)
    low, high = min(middle - patience * spread, low), max(middle + patience * spread, high)
    expected = [
        index
        for index, night in enumerate(calendar.nights)
        if past.verdicts.get(night) == "expected"
        and calendar.alike[index]
        and math.isfinite(past.values[index])
    ]
    for index in expected:
        low = min(low, float(turned[index]) - 2 * spread)
        high = max(high, float(turned[index]) + 2 * spread)
    if low <= now <= high:
        return None
    found = Finding(
        value=value,
        center=back(middle),
        low=back(low),
        high=back(high),
        deviations=abs(now - middle) / spread,
        rows=rows,
        group=len(group),
        nights=int(usable.sum()),
        comparable=tuple((calendar.nights[i], float(past.values[i])) for i in group[-SHOWN:]),
        expected=tuple((calendar.nights[i], float(past.values[i])) for i in expected[-SHOWN:]),
        wide=wide,
    )
    return found if _matters(found, kind, scale, calendar.season, limits) else None


def _matters(found: Finding, kind: Kind, scale: Scale, season: Season, limits: Limits) -> bool:
    """Whether the change is one that anybody would act on."""
    least = getattr(limits.least_change, kind) * (2 if found.wide else 1)
    change = abs(found.value - found.center)
    if scale == "share":
        return bool(change >= least)
    if kind == "volume":
        if found.wide and found.is_high and season.month != "mid":
            return False  # ends of months may well be busier than any other day
        judged = max(found.center, found.high / 2) >= limits.minimum_rows
        burst = found.value >= _FROM_NOTHING * max(found.high, limits.minimum_rows)
        return (judged and change >= min(least, 0.9) * max(found.center, 1.0)) or burst
    return change >= least * abs(found.center) and change > 0


def _comparable(calendar: Calendar, usable: Flags, least: int) -> tuple[NDArray[np.intp] | None, bool]:
    """The nights to compare with, of the closest kind with enough of them; whether it is a last resort."""
    if calendar.season.special:
        group = np.flatnonzero(usable & calendar.special)
        return (group, False) if len(group) >= least else (None, False)
    same_day = calendar.weekdays == calendar.season.weekday
    for closest, fits in ((True, calendar.alike & same_day), (False, calendar.alike), (False, same_day)):
        group = np.flatnonzero(usable & fits)
        if len(group) >= least:
            return group, not closest
    return None, False


def _alike(one: Season, other: Season) -> bool:
    """Whether two nights are of one season, whatever the day of the week."""
    return (one.special, one.month, one.is_weekend) == (other.special, other.month, other.is_weekend)


def _deviation(values: Floats) -> float:
    return _NORMAL * float(np.median(np.abs(values - np.median(values))))


def _pooled(turned: Floats, calendar: Calendar, usable: Flags) -> float:
    """The usual deviation from what each day of the week usually has, of all ordinary nights."""
    rest = []
    for day in range(7):
        values = turned[usable & (calendar.weekdays == day)]
        if len(values) >= 3:
            rest.append(np.abs(values - np.median(values)))
    return _NORMAL * float(np.median(np.concatenate(rest))) if rest else 0.0


def _noise(scale: Scale, middle: float, rows: int, counts: Floats) -> float:
    """What chance alone would make of it."""
    if scale == "share":
        fewest = max(1.0, min(float(rows), float(np.median(counts))))
        return max(_LEAST_SHARE_SPREAD, 0.5 / math.sqrt(fewest))
    if scale == "amount":
        return max(_LEAST_SPREAD, 1 / math.sqrt(max(math.expm1(middle), 1.0)))
    return max(_LEAST_NUMBER_SPREAD * abs(middle), 1e-9)


def _to_angle(values: Floats) -> Floats:
    return np.asarray(np.arcsin(np.sqrt(np.clip(values, 0, 1))), np.float64)


def _from_angle(value: float) -> float:
    return math.sin(min(max(value, 0.0), math.pi / 2)) ** 2


def _to_log(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), np.float64)


def _from_log(value: float) -> float:
    return math.copysign(math.expm1(min(abs(value), 700)), value)


_SCALES: dict[Scale, tuple[Callable[[Floats], Floats], Callable[[float], float]]] = {
    "share": (_to_angle, _from_angle),
    "amount": (_to_log, lambda value: max(_from_log(value), 0.0)),
    "number": (lambda values: values, lambda value: value),
}

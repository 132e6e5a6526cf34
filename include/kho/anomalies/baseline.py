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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
Scale = Literal["amount", "share", "number"]
Verdict = Literal["", "open", "expected", "defect"]


@dataclass(frozen=True)
class Past:
    """A measure on earlier nights; arrays of one length, NaN where it was not taken."""

    nights: Sequence[date]
    seasons: Sequence[Season]
    tonight: date
    values: Floats
    counts: Floats
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Finding:
    """A value beyond what is usual, and what that is.

    Attributes:
        comparable: the latest comparable nights and their values; `group` is how many there were.
        expected: nights whose values people have called expected, and that widened the range.
        wide: too few nights of the same season: compared with ordinary ones, and more patiently.
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
    kind: Kind, scale: Scale, value: float, rows: int, past: Past, season: Season, limits: Limits
) -> Finding | None:
    """Whether a value is beyond what is usual for its season.

    Args:
        rows: of how many rows the value is; a share of few rows says nothing.
    """
    enough = kind == "volume" or scale == "amount"
    if not enough and rows < limits.minimum_rows:
        return None
    usable = np.isfinite(past.values) & np.array([v not in ("open", "defect") for v in past.verdicts], bool)
    if not enough:
        usable &= past.counts >= limits.minimum_rows
    if int(usable.sum()) < limits.minimum_nights:
        return None
    group, wide = _comparable(past, usable, season, limits.minimum_comparable)
    if group is None:
        return None
    group = group[-MOST_COMPARABLE:]
    turn, back = _SCALES[scale]
    turned = turn(past.values)
    now = float(turn(np.array([value]))[0])
    middle = float(np.median(turned[group]))
    spread = max(
        _deviation(turned[group]),
        _pooled(turned, past.seasons, usable) if not season.special else 0.0,
        _noise(scale, middle, rows, past.counts[group]),
    )
    patience = limits.sensitivity * (2 if wide else 1)
    low = min(middle - patience * spread, float(turned[group].min()))
    high = max(middle + patience * spread, float(turned[group].max()))
    expected = [
        index
        for index, verdict in enumerate(past.verdicts)
        if verdict == "expected" and _alike(past.seasons[index], season) and math.isfinite(past.values[index])
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
        comparable=tuple((past.nights[i], float(past.values[i])) for i in group[-SHOWN:]),
        expected=tuple((past.nights[i], float(past.values[i])) for i in expected[-SHOWN:]),
        wide=wide,
    )
    return found if _matters(found, kind, scale, limits) else None


def _matters(found: Finding, kind: Kind, scale: Scale, limits: Limits) -> bool:
    """Whether the change is one that anybody would act on."""
    least = getattr(limits.least_change, kind) * (2 if found.wide else 1)
    change = abs(found.value - found.center)
    if scale == "share":
        return bool(change >= least)
    if kind == "volume":
        if found.wide and found.is_high:
            return False  # ends of months may well be busier than any other day
        judged = max(found.center, found.high / 2) >= limits.minimum_rows
        burst = found.value >= _FROM_NOTHING * max(found.high, limits.minimum_rows)
        return (judged and change >= min(least, 0.9) * max(found.center, 1.0)) or burst
    return change >= least * abs(found.center) and change > 0


def _comparable(
    past: Past, usable: NDArray[np.bool_], season: Season, least: int
) -> tuple[NDArray[np.intp] | None, bool]:
    """The nights to compare with, of the closest kind with enough of them; whether it is a last resort."""

    def where(fits: Callable[[Season], bool]) -> NDArray[np.intp]:
        return np.flatnonzero(usable & np.array([fits(one) for one in past.seasons], bool))

    if season.special:
        # The days of one Tết go down and up again: they are compared with those of another one.
        group = where(lambda one: one.special == season.special)
        before = past.tonight - timedelta(days=_APART[season.special])
        group = np.array([index for index in group if past.nights[index] <= before], np.intp)
        return (group, False) if len(group) >= least else (None, False)
    for fits in (
        lambda one: _alike(one, season) and one.weekday == season.weekday,
        lambda one: _alike(one, season),
    ):
        group = where(fits)
        if len(group) >= least:
            return group, False
    group = where(lambda one: not one.special and one.weekday == season.weekday)
    if len(group) < least:
        return None, False
    return group, season.month != "mid"


def _alike(one: Season, other: Season) -> bool:
    """Whether two nights are of one season, whatever the day of the week."""
    return (one.special, one.month, one.is_weekend) == (other.special, other.month, other.is_weekend)


def _deviation(values: Floats) -> float:
    return _NORMAL * float(np.median(np.abs(values - np.median(values))))


def _pooled(turned: Floats, seasons: Sequence[Season], usable: NDArray[np.bool_]) -> float:
    """The usual deviation from what each day of the week usually has, of all ordinary nights."""
    days = np.array([-1 if one.special else one.weekday for one in seasons])
    rest = []
    for day in range(7):
        values = turned[usable & (days == day)]
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

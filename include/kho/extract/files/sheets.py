"""A sheet as the table finder wants it, whatever file it came out of.

In: nothing. Out: `Sheet`: its name, its rows one after the other, its merged cells, and the values that
need a word of their own: a formula nobody calculated, an error, a percentage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True)
class Formula:
    """A formula without a calculated value."""

    text: str


@dataclass(frozen=True)
class CellError:
    """What stands in a cell whose formula failed, such as `#REF!`."""

    text: str


@dataclass(frozen=True)
class Percent:
    """A number that its cell shows as a percentage: 0.855 is shown as 85,5 %."""

    fraction: float


Value = str | float | int | bool | date | datetime | time | timedelta | Formula | CellError | Percent | None

"""What a cell holds; None and "" are empty cells."""

Merge = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of a merged range, each as (row, column) from 0."""


@dataclass
class Sheet:
    """One visible sheet; rows can be read once. `name` is empty for a CSV file, which has only one."""

    name: str
    rows: Iterator[list[Value]]
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    troubled_rows: set[int] = field(default_factory=set)
    """Rows with a formula nobody calculated or an error."""

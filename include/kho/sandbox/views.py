"""What every simulated source offers about one date, whatever it is made of.

A `View` is fixed: a page asked for twice has the same rows. Days are days since 1970.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

from kho.sandbox.defects import Row

# Characters that the hygiene rules of the pipeline remove around a code.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff"))


ALL_DAYS = (0, 99_999)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: how many rows the whole window has, and the rows asked for."""

    total: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted defect; key, agency and time of update are those that the record is served with."""

    kind: str
    business_key: str
    rule_ids: tuple[str, ...]
    severity: str
    agency_code: str | None
    updated_at: datetime
    # The first clock date that shows it, and the one from which it is good (None: never).
    first_seen_on: date
    corrected_on: date | None


@dataclass(frozen=True, slots=True)
class Copies:
    """A key that is served more than once with identical content."""

    business_key: str
    updated_at: datetime
    copies: int


class View(Protocol):
    """A dataset as it stands on one date."""

    def page(self, first: int, last: int, offset: int, limit: int) -> Page:
        """Rows updated from day `first` to day `last`, both included."""

    def totals(self) -> dict[date, int]:
        """Rows served per day of update, copies included."""

    def planted(self) -> list[Planted]:
        """Defects that the date shows."""

    def corrected(self) -> list[Planted]:
        """Defects that an earlier date showed and this one no longer does."""

    def copies(self) -> list[Copies]:
        """Exact copies that the date shows."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between two dates, copies included: ids that are gone or differ, and rows instead."""

    gone: Sequence[int]
    chunks: Callable[[int], Iterator[list[Row]]]


@runtime_checkable
class ChangingView(View, Protocol):
    """A view whose rows have ids, so that it can say what changed."""

    def changes_since(self, earlier: View) -> Changes:
        """What brings the rows of another date's view to this one's."""


def chunks(view: View, size: int) -> Iterator[list[Row]]:
    """All rows of a view, `size` at a time."""
    offset = 0
    while rows := view.page(*ALL_DAYS, offset, size).rows:
        yield rows
        offset += len(rows)


def business_key(values: Sequence[Any]) -> str:
    """Key values cleaned and joined by `|`; nothing is written as an empty part."""
    return "|".join(_clean(value) for value in values)


def _clean(value: Any) -> str:
    return "" if value is None else " ".join(str(value).translate(_INVISIBLE).split())

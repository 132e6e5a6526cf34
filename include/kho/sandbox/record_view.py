"""A view over a dataset small enough to be written out whole for each date.

In:  one `Entry` per row served.
Out: `ListView`, see `kho.sandbox.views.View`, in the order of update time and key.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from kho.sandbox.clocks import DAY, NEVER, date_of, moment_of
from kho.sandbox.defects import DefectKind, Row
from kho.sandbox.views import Copies, Page, Planted

Variant = Literal["original", "copy", "contradiction"]


@dataclass(frozen=True, slots=True)
class Planting:
    """What was planted in a record, when it was first seen and when it is corrected (days)."""

    kind: DefectKind
    first_seen_on: int
    corrected_on: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One row served on a date."""

    row: Row
    updated: int
    key: str
    agency_code: str | None
    planting: Planting | None = None
    corrected: bool = False
    variant: Variant = "original"


class ListView:
    """Rows in memory."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: (entry.updated, entry.key, entry.variant))
        self._updated = [entry.updated for entry in self._entries]

    def page(self, first: int, last: int, offset: int, limit: int) -> Page:
        """Rows updated from day `first` to day `last`, both included."""
        start = bisect_left(self._updated, first * DAY)
        end = bisect_left(self._updated, (last + 1) * DAY)
        chosen = self._entries[start:end][offset : offset + limit]
        return Page(end - start, [entry.row for entry in chosen])

    def rows(self) -> list[Row]:
        """All rows."""
        return [entry.row for entry in self._entries]

    def totals(self) -> dict[date, int]:
        """Rows served per day of update, copies included."""
        counts = Counter(updated // DAY for updated in self._updated)
        return {date_of(day): count for day, count in sorted(counts.items())}

    def planted(self) -> list[Planted]:
        """Defects that the date shows."""
        return [
            found
            for entry, found in self._plantings()
            if not entry.corrected
            and (entry.planting is None or _is_the_bad_one(entry.variant, entry.planting.kind))
        ]

    def corrected(self) -> list[Planted]:
        """Defects that an earlier date showed and this one no longer does."""
        return [found for entry, found in self._plantings() if entry.corrected]

    def copies(self) -> list[Copies]:
        """Exact copies that the date shows."""
        return [
            Copies(entry.key, moment_of(entry.updated), 1)
            for entry in self._entries
            if entry.variant == "copy"
        ]

    def _plantings(self) -> Iterator[tuple[Entry, Planted]]:
        for entry in self._entries:
            planting = entry.planting
            if planting is None:
                continue
            never = planting.corrected_on == NEVER
            yield (
                entry,
                Planted(
                    kind=planting.kind.name,
                    business_key=entry.key,
                    rule_ids=planting.kind.rule_ids,
                    severity=planting.kind.severity,
                    agency_code=entry.agency_code,
                    updated_at=moment_of(entry.updated),
                    first_seen_on=date_of(planting.first_seen_on),
                    corrected_on=None if never else date_of(planting.corrected_on),
                ),
            )


def with_copies(entry: Entry, contradiction: Row | None, older_by: int) -> Iterator[Entry]:
    """The entry, and the further copy that its kind of defect asks for."""
    yield entry
    if entry.planting is None or entry.corrected:
        return
    if entry.planting.kind.repeat == "exact":
        yield replace(entry, variant="copy")
    elif contradiction is not None:
        yield replace(entry, row=contradiction, updated=entry.updated - older_by, variant="contradiction")


def _is_the_bad_one(variant: Variant, kind: DefectKind) -> bool:
    if kind.repeat == "exact":
        return False
    return kind.repeat == "once" or variant == "contradiction"

"""The records of a record set as they stand on one date; see `kho.sandbox.views.View`.

In:  the columns of all records and a clock day D. Visible is what reached the source before D 00:00.
Out: `RecordsView`, in the order of update time and record, which also knows what changed since an
     earlier one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from kho.sandbox.clocks import DAY, NEVER, Ints, as_ints, date_of, moment_of
from kho.sandbox.defects import NO_DEFECT, Row
from kho.sandbox.records import Batch
from kho.sandbox.views import Changes, Copies, Page, Planted, View, business_key

if TYPE_CHECKING:
    from kho.sandbox.records import Columns, RecordSet
    from kho.sandbox.source import Setup

_ORIGINAL, _COPY, _CONTRADICTION = 0, 1, 2
_VARIANTS, _VERSIONS = 4, 8
_IDS_EACH = _VARIANTS * _VERSIONS
_OLDER_BY = 60


@dataclass(frozen=True, slots=True)
class _Rows:
    """Of each row: record, version, instant of update, variant, whether corrected."""

    record: Ints
    version: Ints
    updated: Ints
    variant: Ints
    corrected: Ints

    def take(self, chosen: Any) -> "_Rows":
        """The rows at these positions."""
        return _Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))


class RecordsView:
    """What the source shows on a day."""

    def __init__(self, declared: "RecordSet", setup: "Setup", columns: "Columns", day: int) -> None:
        self._declared = declared
        self._setup = setup
        self._columns = columns
        self._rows = self._ordered(self._with_copies(self._visible(day)))

    def page(self, first: int, last: int, offset: int, limit: int) -> Page:
        """Rows updated from day `first` to day `last`, both included."""
        start, end = np.searchsorted(self._rows.updated, [first * DAY, (last + 1) * DAY]).tolist()
        begin = min(start + offset, end)
        return Page(end - start, self._write(self._rows.take(slice(begin, min(begin + limit, end)))))

    def totals(self) -> dict[date, int]:
        """Rows served per day of update, copies included."""
        days, counts = np.unique(self._rows.updated // DAY, return_counts=True)
        return {date_of(day): count for day, count in zip(days.tolist(), counts.tolist(), strict=True)}

    def planted(self) -> list[Planted]:
        """Defects that the date shows."""
        rows = self._rows
        kind = self._kind(rows)
        shown = (kind != NO_DEFECT) & ~np.isin(kind, self._repeating("exact")) & (rows.corrected == 0)
        shown &= ~np.isin(kind, self._repeating("conflict")) | (rows.variant == _CONTRADICTION)
        return self._described(rows.take(shown))

    def corrected(self) -> list[Planted]:
        """Defects that an earlier date showed and this one no longer does."""
        return self._described(self._rows.take(self._rows.corrected != 0))

    def copies(self) -> list[Copies]:
        """Exact copies that the date shows."""
        rows = self._rows.take(self._rows.variant == _COPY)
        return [
            Copies(self._key(row), moment_of(updated), 1)
            for row, updated in zip(self._write(rows), rows.updated.tolist(), strict=True)
        ]

    def changes_since(self, earlier: View) -> Changes:
        """What brings the rows of another date's view to this one's; both of the same population."""
        if not isinstance(earlier, RecordsView):
            raise TypeError(f"expected the view of another date, got {type(earlier).__name__}")
        count = max(self.population_size, earlier.population_size)
        before, after = earlier.standing(count), self.standing(count)
        changed = np.unique(np.flatnonzero(before != after) // _VERSIONS)
        ids = changed[:, None] * _IDS_EACH + np.arange(_IDS_EACH)
        rows = self._rows.take(np.isin(self._rows.record, changed))

        def chunks(size: int) -> Iterator[list[Row]]:
            for begin in range(0, len(rows.record), size):
                yield self._write(rows.take(slice(begin, begin + size)))

        return Changes(ids.ravel().tolist(), chunks)

    @property
    def population_size(self) -> int:
        """How many records there ever were up to the last one drawn."""
        return len(self._columns["kind"]) if self._columns else 0

    def standing(self, count: int) -> Ints:
        """For each version of `count` records which form of it is shown; 0: none."""
        found = np.zeros(count * _VERSIONS, dtype=np.int64)
        # Without history one form takes the place of the other: it is the record that changes.
        place = self._rows.version if self._declared.history else 0
        found[self._rows.record * _VERSIONS + place] = self._rows.version * 2 + self._rows.corrected + 1
        return found

    def _visible(self, day: int) -> _Rows:
        """One row per visible record."""
        if not self.population_size:
            nothing = as_ints([])
            return _Rows(nothing, nothing, nothing, nothing, nothing)
        columns = self._columns
        shown = columns["shown_on"] < day
        shown &= (day <= columns["deleted_on"])[:, None]
        if self._declared.history:
            record, version = map(as_ints, np.nonzero(shown))
        else:
            record = as_ints(np.flatnonzero(shown.any(axis=1)))
            version = as_ints(shown.shape[1] - 1 - np.argmax(shown[record][:, ::-1], axis=1))
        updated = as_ints(columns["times"][record, version])
        corrected_at = as_ints(columns["corrected_at"][record])
        corrected = as_ints(corrected_at // DAY < day)
        updated = np.where(corrected != 0, np.maximum(updated, corrected_at), updated)
        return _Rows(record, version, updated, record * 0 + _ORIGINAL, corrected)

    def _with_copies(self, base: _Rows) -> _Rows:
        """Add identical copies and older, contradicting ones."""
        parts, kind = [base], self._kind(base)
        for repeat, variant, older_by in (("exact", _COPY, 0), ("conflict", _CONTRADICTION, _OLDER_BY)):
            some = base.take(np.isin(kind, self._repeating(repeat)) & (base.corrected == 0))
            parts.append(
                _Rows(
                    some.record,
                    some.version,
                    some.updated - older_by,
                    some.variant * 0 + variant,
                    some.corrected,
                )
            )
        return _Rows(*(np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(_Rows)))

    def _ordered(self, rows: _Rows) -> _Rows:
        return rows.take(np.lexsort((rows.variant, rows.version, rows.record, rows.updated)))

    def _repeating(self, repeat: str) -> list[int]:
        return [i for i, kind in enumerate(self._declared.kinds) if kind.repeat == repeat]

    def _kind(self, rows: _Rows) -> Ints:
        return as_ints(self._columns["kind"][rows.record]) if self.population_size else as_ints([])

    def _key(self, row: Row) -> str:
        return business_key([row[name] for name in self._declared.key])

    def _write(self, rows: _Rows) -> list[Row]:
        """The rows as the source serves them."""
        if not len(rows.record):
            return []
        declared = self._declared
        batch = Batch(self._setup, self._columns, rows.record, rows.version, rows.updated)
        written = dict(declared.write(batch))
        if declared.row_id:
            version = rows.version if declared.history else 0
            number = rows.record * _IDS_EACH + version * _VARIANTS + rows.variant
            written = {declared.row_id: number.tolist()} | written
        found = [dict(zip(written, values, strict=True)) for values in zip(*written.values(), strict=True)]
        kind, salt = self._kind(rows), batch["salt"]
        for position in np.flatnonzero((kind != NO_DEFECT) & (rows.corrected == 0)).tolist():
            declared.kinds[kind[position]].spoil(found[position], salt[position], self._setup.reference)
        for position in np.flatnonzero(rows.variant == _CONTRADICTION).tolist():
            declared.contradict(found[position])
        return found

    def _described(self, rows: _Rows) -> list[Planted]:
        found = []
        for position, row in enumerate(self._write(rows)):
            record = int(rows.record[position])
            kind = self._declared.kinds[int(self._columns["kind"][record])]
            corrected_at = int(self._columns["corrected_at"][record])
            agency = row[self._declared.agency] if self._declared.agency else self._declared.owner
            found.append(
                Planted(
                    kind=kind.name,
                    business_key=self._key(row),
                    rule_ids=kind.rule_ids,
                    severity=kind.severity,
                    agency_code=agency or None,
                    updated_at=moment_of(int(rows.updated[position])),
                    first_seen_on=date_of(int(self._columns["shown_on"][record].min()) + 1),
                    corrected_on=None if corrected_at == NEVER else date_of(corrected_at // DAY + 1),
                )
            )
        return found

"""What a sample shows of each column: counts, forms, bounds, and never more values than it must.

In: a `Sample`. Out: a `ColumnProfile` per column. Values are held only while a proposal is made: few
distinct ones for code lists; nothing of a profile is written to a file as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from kho.authoring.readings import MEANINGS, READINGS, shape_of
from kho.conform.numbers import EITHER_ZERO, MARKED_VIETNAMESE
from kho.extract.sample import Sample
from kho.extract.source_kinds import kinds_of

MANY_VALUES = 5_000
"""A column with more distinct values has no list of them."""

_DOTTED = re.compile(rf"(?!{EITHER_ZERO}$)[+-]?\d[\d.]*\.\d+(,\d+)?")
_THOUSANDS = re.compile(MARKED_VIETNAMESE)


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a sample.

    Attributes:
        kind: the kind of its values at the source: text, number, date, …
        source_type: the source's own type, where it states one.
        rows: all rows; `present` those with a value that is not blank.
        distinct: different values among those present.
        readings: by label of a `Reading`, how many present values are of that form.
        meanings: by name, how many present values look like that.
        shapes: the most frequent shapes (`AA-9999`) of texts and their counts.
        values: different values and their counts, if there are not too many.
        points_part_thousands: whether dots stand nowhere but before three digits, or commas are there.
        low, high: bounds, where values have an order.
        vietnamese: whether texts have Vietnamese letters, so that their encoding can be judged.
    """

    name: str
    kind: str
    source_type: str | None
    rows: int
    present: int
    distinct: int
    readings: Mapping[str, int] = field(default_factory=dict)
    meanings: Mapping[str, int] = field(default_factory=dict)
    shapes: tuple[tuple[str, int], ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    low: Any = None
    high: Any = None
    vietnamese: bool = False
    points_part_thousands: bool = False
    longest: int = 0

    def share(self, count: int) -> float:
        """`count` as a share of the present values."""
        return count / self.present if self.present else 0.0

    @property
    def uniqueness(self) -> float:
        """How many of the present values differ, as a share."""
        return self.share(self.distinct)

    @property
    def completeness(self) -> float:
        return self.present / self.rows if self.rows else 0.0


def profile(sample: Sample, wanted: Collection[str] = ()) -> tuple[ColumnProfile, ...]:
    """The profile of every column of a sample, in its order; or of the `wanted` ones, in theirs."""
    names = [name for name in sample.records.column_names if not name.startswith("_")]
    return tuple(
        _column(name, sample.records[name], (sample.types or {}).get(name)) for name in wanted or names
    )


def _column(name: str, values: pa.ChunkedArray, source_type: str | None) -> ColumnProfile:
    found = [value for value in values.to_pylist() if not _is_blank(value)]
    kinds = kinds_of(source_type)
    kind = next(iter(kinds)) if len(kinds) == 1 else _kind_of(values.type)
    texts = [_as_text(value) for value in found]
    counts = Counter(texts)
    ordered = [value for value in found if isinstance(value, int | float | Decimal | date | datetime)]
    is_text = kind in ("text", "number") and pa.types.is_string(values.type)
    return ColumnProfile(
        name=name,
        kind=kind,
        source_type=source_type,
        rows=len(values),
        present=len(found),
        distinct=len(counts),
        readings=_counts({one.label: one.matches for one in READINGS}, counts) if is_text else {},
        meanings=_counts(dict(MEANINGS), counts) if is_text else {},
        shapes=tuple(Counter(map(shape_of, texts)).most_common(3)) if is_text else (),
        values=tuple(counts.most_common()) if len(counts) <= MANY_VALUES else (),
        low=min(ordered, default=None) if len(ordered) == len(found) else None,
        high=max(ordered, default=None) if len(ordered) == len(found) else None,
        vietnamese=any(_has_marks(text) for text in counts),
        longest=max(map(len, counts), default=0),
        points_part_thousands=_points_part_thousands(counts),
    )


def _counts(tests: Mapping[str, Any], counts: Counter[str]) -> dict[str, int]:
    found = {
        name: sum(number for text, number in counts.items() if matches(text))
        for name, matches in tests.items()
    }
    return {name: number for name, number in found.items() if number}


def _points_part_thousands(counts: Counter[str]) -> bool:
    """`1.234` alone may be either; a whole column that is never `1.5` is written the Vietnamese way."""
    marked = [text for text in counts if _DOTTED.fullmatch(text) or _THOUSANDS.fullmatch(text)]
    return bool(marked) and all(_THOUSANDS.fullmatch(text) for text in marked)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _as_text(value: Any) -> str:
    return unicodedata.normalize("NFC", str(value)).strip()


def _has_marks(text: str) -> bool:
    return any(letter in "đĐ" or unicodedata.decomposition(letter) for letter in text if letter.isalpha())


def _kind_of(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    return "text"

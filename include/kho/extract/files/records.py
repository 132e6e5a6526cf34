"""From a found table to records.

In: a sheet, its form, where its table is. Out: blocks of records, column by column, as text, and
`SheetNotes`: what was left out and which cells are in trouble.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kho.contracts.sources.files import Form, Unpivot
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import CellError, Formula, Sheet, Value
from kho.extract.files.tables import Found, find_cells, find_table, is_column_numbers
from kho.extract.files.texts import Written, as_texts
from kho.extract.files.totals import Sums

ROWS_AT_ONCE = 10_000
MOST_TROUBLES = 50

Record = dict[str, str | None]


@dataclass
class Block:
    """Some records of a sheet, column by column; `fixed` is what is the same for all of them."""

    columns: dict[str, list[str | None]]
    fixed: Record
    rows: int


@dataclass
class SheetNotes:
    """What a reader of the file should know beside its records."""

    records: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unexpected: set[str] = field(default_factory=set)

    def trouble(self, sheet: str, row: int, column: int, text: str) -> None:
        """Note a cell that holds no value although it should."""
        if len(self.troubles) < MOST_TROUBLES:
            place = f"sheet '{sheet}', cell " if sheet else "cell "
            self.troubles.append(f"{place}{address(row, column)}: {text}")


def read_blocks(
    sheet: Sheet,
    form: Form,
    forms: Mapping[str, Written],
    captured: Mapping[str, str | None],
    notes: SheetNotes,
) -> Iterator[Block]:
    """The sheet's records, without what is the same for the whole file.

    Raises:
        FileRefused: the form cannot be found in the sheet, or contradicts itself.
    """
    rows = iter(sheet.rows)
    first = list(itertools.islice(rows, form.search_rows))
    if not any(_holds(value) for row in first for value in row):
        raise FileRefused("no_table", f"the first {len(first)} rows of the sheet are empty", sheet=sheet.name)
    found = find_table(first, sheet.merges, form, sheet.name)
    outside = find_cells(first[: found.header_row], form.cells, forms, captured, sheet.name)
    notes.unexpected.update(found.unexpected)
    reader = _Table(sheet, form, forms, found, notes)
    before = notes.records
    for block in reader.blocks(itertools.chain(first, rows)):
        notes.records += block.rows
        block.fixed |= outside
        yield block
    if notes.records == before:
        raise FileRefused(
            "no_rows",
            "there is no row with data below the header",
            sheet=sheet.name,
            cell=address(found.first_row, 0),
        )


class _Table:
    """Reads the rows of one found table."""

    def __init__(
        self, sheet: Sheet, form: Form, forms: Mapping[str, Written], found: Found, notes: SheetNotes
    ) -> None:
        self._sheet, self._form, self._forms, self._found, self._notes = sheet, form, forms, found, notes
        self._needs = [
            found.columns[name] for name in form.row_needs or found.columns if name in found.columns
        ]
        self._width = max(found.columns.values()) + 1
        self._filled = [
            found.columns[column.name]
            for column in form.columns
            if column.fill_down and column.name in found.columns
        ]
        self._above: dict[int, Value] = {}
        self._ends = _beginning_with(form.ends_at)
        self._totals = _just(form.totals.labels) if form.totals else None
        self._sums = Sums(form.totals, found, sheet.name) if form.totals else None

    def blocks(self, rows: Iterator[list[Value]]) -> Iterator[Block]:
        """The records, some thousands at a time."""
        numbers: list[int] = []
        kept: list[list[Value]] = []
        for number, row in self._data_rows(rows):
            numbers.append(number)
            kept.append(row)
            if len(kept) >= ROWS_AT_ONCE:
                yield self._block(numbers, kept)
                numbers, kept = [], []
        if kept:
            yield self._block(numbers, kept)

    def _data_rows(self, rows: Iterator[list[Value]]) -> Iterator[tuple[int, list[Value]]]:
        """The rows that are records; the others are counted by kind."""
        left_out = self._notes.left_out
        numbering = True
        for number, row in enumerate(rows):
            if number < self._found.first_row or not any(_holds(value) for value in row):
                continue
            if numbering and is_column_numbers(row):
                left_out["column numbers"] += 1
                continue
            numbering = False
            kind = self._kind(row)
            if kind == "end":
                left_out["below the table"] += 1 + sum(any(map(_holds, later)) for later in rows)
                return
            if kind == "total" and self._sums:
                self._sums.check(number, row)
            if kind != "data":
                left_out[kind] += 1
                continue
            yield number, self._data_row(number, row)

    def _data_row(self, number: int, row: list[Value]) -> list[Value]:
        """The row, at least as wide as the table and with the values that stand above for it."""
        row = [*row, *[None] * (self._width - len(row))] if len(row) < self._width else row
        for place in self._filled:
            if _holds(row[place]):
                self._above[place] = row[place]
            else:
                row[place] = self._above.get(place)
        if number in self._sheet.hidden_rows:
            self._notes.left_out["hidden, but read"] += 1
        if number in self._sheet.troubled_rows:
            self._note_troubles(number, row)
        if self._sums:
            self._sums.add(row)
        return row

    def _kind(self, row: Sequence[Value]) -> str:
        for value in row:
            if value.__class__ is str and value:
                text: str = value
                if self._ends.match(text):
                    return "end"
                if self._totals and self._totals.match(text):
                    return "total"
        needed = any(place < len(row) and _holds(row[place]) for place in self._needs)
        return "data" if needed else "heading"

    def _note_troubles(self, number: int, row: Sequence[Value]) -> None:
        for place in self._found.columns.values():
            value = row[place]
            if isinstance(value, Formula):
                text = f"the formula {value.text[:80]} has no calculated value"
            elif isinstance(value, CellError):
                text = f"the formula's result is the error {value.text}"
            else:
                continue
            self._notes.trouble(self._sheet.name, number, place, text)

    def _block(self, numbers: Sequence[int], rows: Sequence[Sequence[Value]]) -> Block:
        form, found = self._form, self._found
        turned = form.unpivot.columns if form.unpivot else ()
        columns = {
            name: as_texts([row[place] for row in rows], self._forms.get(name, Written()))
            for name, place in found.columns.items()
            if name not in turned
        }
        columns["_row_in_file"] = [str(number + 1) for number in numbers]
        fixed: Record = {"_sheet": self._sheet.name}
        if form.unpivot:
            return _unpivoted(
                Block(columns, fixed, len(rows)), form.unpivot, found, self._forms, numbers, rows
            )
        places = found.columns.values()
        first, last = min(places), max(places)
        if form.cell_of and form.cell_of in found.columns:
            place = found.columns[form.cell_of]
            columns["_cell"] = [address(number, place) for number in numbers]
        else:
            columns["_cell"] = [f"{address(number, first)}:{address(number, last)}" for number in numbers]
        return Block(columns, fixed, len(rows))


def _unpivoted(
    block: Block,
    unpivot: Unpivot,
    found: Found,
    forms: Mapping[str, Written],
    numbers: Sequence[int],
    rows: Sequence[Sequence[Value]],
) -> Block:
    """Each row as many times as it has columns to turn, in the order of the columns."""
    places = {name: found.columns[name] for name in unpivot.columns if name in found.columns}
    columns: dict[str, list[str | None]] = {
        name: [value for value in values for _ in places] for name, values in block.columns.items()
    }
    columns[unpivot.name] = [*places] * len(rows)
    columns[unpivot.value] = as_texts(
        [row[place] for row in rows for place in places.values()], forms.get(unpivot.value, Written())
    )
    columns["_cell"] = [address(number, place) for number in numbers for place in places.values()]
    if unpivot.unit:
        columns[unpivot.unit] = [found.units.get(name) for name in places] * len(rows)
    return Block(columns, block.fixed, len(rows) * len(places))


def _holds(value: Value) -> bool:
    return value is not None and value != "" and not (value.__class__ is str and not value.strip())


def _beginning_with(texts: Sequence[str]) -> re.Pattern[str]:
    """Matches a text that begins like one of `texts`, whatever its case and however it is composed."""
    if not texts:
        return re.compile(r"(?!)")
    return re.compile(rf"\s*(?:{_any_form(texts)})", re.IGNORECASE)


def _just(texts: Sequence[str]) -> re.Pattern[str]:
    """Matches a text that is one of `texts` and no more."""
    return re.compile(rf"\s*(?:{_any_form(texts)})\s*[:.]*\s*$", re.IGNORECASE)


def _any_form(texts: Sequence[str]) -> str:
    forms = {unicodedata.normalize(form, text) for text in texts for form in ("NFC", "NFD")}
    return "|".join(re.escape(text).replace(r"\ ", r"\s+") for text in sorted(forms, key=len, reverse=True))

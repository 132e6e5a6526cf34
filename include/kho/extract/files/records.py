"""From a found table to records, and from records to the raw zone.

In: a sheet, its form, where its table is. Out: rows of text, and `SheetNotes`: what was left out and
which cells are in trouble. `RecordSink` keeps a file's rows apart until the whole file has been read,
so that a file refused on its last row has landed nothing.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kho.contracts.sources.files import Form, Totals
from kho.extract.files.matching import folded
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import CellError, Formula, Percent, Sheet, Value
from kho.extract.files.tables import Found, find_cells, find_table, is_column_numbers
from kho.extract.files.texts import Written, as_text

ROWS_AT_ONCE = 10_000
MOST_TROUBLES = 50
_BEGINNING = 60

Record = dict[str, str | None]


@dataclass
class SheetNotes:
    """What a reader of the file should know beside its records."""

    records: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def trouble(self, sheet: str, row: int, column: int, text: str) -> None:
        """Note a cell that holds no value although it should."""
        if len(self.troubles) < MOST_TROUBLES:
            place = f"sheet '{sheet}', cell " if sheet else "cell "
            self.troubles.append(f"{place}{address(row, column)}: {text}")


def read_records(
    sheet: Sheet,
    form: Form,
    forms: Mapping[str, Written],
    captured: Mapping[str, str | None],
    notes: SheetNotes,
) -> Iterator[Record]:
    """The sheet's records, without what is the same for the whole file.

    Raises:
        FileRefused: the form cannot be found in the sheet, or contradicts itself.
    """
    rows = iter(sheet.rows)
    first = list(itertools.islice(rows, form.search_rows))
    if not any(value is not None and value != "" for row in first for value in row):
        raise FileRefused("no_table", f"the first {len(first)} rows of the sheet are empty", sheet=sheet.name)
    found = find_table(first, sheet.merges, form, sheet.name)
    outside = find_cells(first[: found.header_row], form.cells, forms, captured, sheet.name)
    reader = _Table(sheet, form, forms, found, notes)
    before = notes.records
    for record in reader.records(itertools.chain(first, rows)):
        notes.records += 1
        yield {**outside, **record}
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
        self._needs = form.row_needs or tuple(found.columns)
        self._ends = tuple(folded(text) for text in form.ends_at)
        self._labels = {folded(label) for label in form.totals.labels} if form.totals else set()
        self._sums = _Sums(form.totals, found, sheet.name) if form.totals else None
        self._above: dict[str, Value] = {}

    def records(self, rows: Iterator[list[Value]]) -> Iterator[Record]:
        numbered = True
        for number, row in enumerate(rows):
            if number < self._found.first_row:
                continue
            if all(value is None or value == "" for value in row):
                continue
            if numbered and is_column_numbers(row):
                self._notes.left_out["column numbers"] += 1
                continue
            numbered = False
            texts = [_beginning(value) for value in row if isinstance(value, str)]
            if any(text.startswith(self._ends) for text in texts):
                self._notes.left_out["below the table"] += 1 + sum(
                    any(value not in (None, "") for value in later) for later in rows
                )
                return
            if self._sums and any(text in self._labels for text in texts):
                self._sums.check(number, row)
                self._notes.left_out["totals"] += 1
                continue
            values = self._values(row)
            if not any(_holds(values.get(name)) for name in self._needs):
                self._notes.left_out["headings"] += 1
                continue
            if number in self._sheet.hidden_rows:
                self._notes.left_out["hidden, but read"] += 1
            if self._sums:
                self._sums.add(row)
            self._note_troubles(number, values)
            yield from self._records_of(number, values)

    def _values(self, row: Sequence[Value]) -> dict[str, Value]:
        values = {
            name: row[place] if place < len(row) else None for name, place in self._found.columns.items()
        }
        for column in self._form.columns:
            if column.fill_down:
                if _holds(values.get(column.name)):
                    self._above[column.name] = values[column.name]
                else:
                    values[column.name] = self._above.get(column.name)
        return values

    def _note_troubles(self, number: int, values: Mapping[str, Value]) -> None:
        for name, value in values.items():
            if isinstance(value, Formula):
                text = f"the formula {value.text[:80]} has no calculated value"
            elif isinstance(value, CellError):
                text = f"the formula's result is the error {value.text}"
            else:
                continue
            self._notes.trouble(self._sheet.name, number, self._found.columns[name], text)

    def _records_of(self, number: int, values: Mapping[str, Value]) -> Iterator[Record]:
        form, found = self._form, self._found
        fixed: Record = {"_sheet": self._sheet.name, "_row_in_file": str(number + 1)}
        turned = form.unpivot.columns if form.unpivot else ()
        record = fixed | {
            column.name: as_text(values.get(column.name), self._forms.get(column.name, Written()))
            for column in form.columns
            if column.name not in turned
        }
        if not form.unpivot:
            if form.cell_of and form.cell_of in found.columns:
                record["_cell"] = address(number, found.columns[form.cell_of])
            else:
                places = found.columns.values()
                record["_cell"] = f"{address(number, min(places))}:{address(number, max(places))}"
            yield record
            return
        for name in turned:
            if name not in found.columns:
                continue
            value = as_text(values.get(name), self._forms.get(form.unpivot.value, Written()))
            turned_record = record | {form.unpivot.name: name, form.unpivot.value: value}
            if form.unpivot.unit:
                turned_record[form.unpivot.unit] = found.units.get(name)
            yield turned_record | {"_cell": address(number, found.columns[name])}


class _Sums:
    """Adds up columns to compare them with the rows that claim to be their totals."""

    def __init__(self, totals: Totals, found: Found, sheet: str) -> None:
        self._totals, self._sheet = totals, sheet
        self._places = {name: found.columns[name] for name in totals.check if name in found.columns}
        self._all = dict.fromkeys(self._places, Decimal(0))
        self._since = dict.fromkeys(self._places, Decimal(0))

    def add(self, row: Sequence[Value]) -> None:
        for name, place in self._places.items():
            value = _amount(row[place]) if place < len(row) else None
            if value is not None:
                self._all[name] += value
                self._since[name] += value

    def check(self, number: int, row: Sequence[Value]) -> None:
        for name, place in self._places.items():
            claimed = _amount(row[place]) if place < len(row) else None
            sums = (self._all[name], self._since[name])
            if claimed is not None and all(abs(claimed - one) > self._totals.tolerance for one in sums):
                raise FileRefused(
                    "wrong_total",
                    f"the total of '{name}' says {claimed}, its rows add up to {self._all[name]}",
                    sheet=self._sheet,
                    cell=address(number, place),
                )
        self._since = dict.fromkeys(self._places, Decimal(0))


def _beginning(text: str) -> str:
    """The beginning of a text for comparing; cheaper than folding, which every text of a table would pay."""
    return unicodedata.normalize("NFC", text[:_BEGINNING]).casefold().strip(" :.\n\t")


def _amount(value: Value) -> Decimal | None:
    if isinstance(value, Percent):
        value = value.fraction * 100
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(f"{value:.15g}")
    if not isinstance(value, str):
        return None
    try:
        return Decimal(value.strip().replace(".", "").replace(",", "."))
    except InvalidOperation:
        return None


def _holds(value: Value) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


class RecordSink:
    """The record files of a landing; a file's rows count only once it is committed."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._schema = pa.schema([(name, pa.string()) for name in names] + [("_row", pa.int64())])
        self._kept: list[pa.RecordBatch] = []
        self._pending: list[pa.RecordBatch] = []
        self._rows: list[Record] = []
        self._main: pq.ParquetWriter | None = None
        self._own: tuple[Path, pq.ParquetWriter] | None = None
        self._spilled = 0
        self._next = 0
        self.rows = 0

    def add(self, record: Record) -> None:
        """Take a row of the file that is being read."""
        self._rows.append(record)
        if len(self._rows) >= ROWS_AT_ONCE:
            self._turn()

    def commit(self) -> int:
        """The file has been read: its rows are landed. Returns how many."""
        self._turn(last=True)
        rows = self._next - self.rows
        if self._own:
            self._own[1].close()
            self._own = None
        self._kept += self._pending
        self._pending = []
        self.rows = self._next
        if sum(batch.num_rows for batch in self._kept) >= ROWS_AT_ONCE:
            self._write_kept()
        return rows

    def rollback(self) -> None:
        """The file is refused: nothing of it is landed."""
        self._rows, self._pending = [], []
        if self._own:
            self._own[1].close()
            self._own[0].unlink()
            self._own = None
        self._next = self.rows

    def close(self) -> None:
        """Write what is kept; a landing without a row still has a record file."""
        if self._kept or (self._main is None and not self._spilled):
            self._write_kept()
        if self._main:
            self._main.close()

    def _turn(self, *, last: bool = False) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        columns = [pa.array([row.get(name) for row in rows], pa.string()) for name in self._schema.names[:-1]]
        numbers = pa.array(np.arange(self._next, self._next + len(rows)))
        self._next += len(rows)
        batch = pa.record_batch([*columns, numbers], schema=self._schema)
        if last and self._own is None:
            self._pending.append(batch)
            return
        if self._own is None:
            self._spilled += 1
            path = self._folder / f"records-9{self._spilled:04d}.parquet"
            self._own = (path, pq.ParquetWriter(path, self._schema, compression="zstd"))
        self._own[1].write_batch(batch)

    def _write_kept(self) -> None:
        if self._main is None:
            self._main = pq.ParquetWriter(
                self._folder / "records-00000.parquet", self._schema, compression="zstd"
            )
        table = pa.Table.from_batches(self._kept, self._schema)
        self._main.write_table(table)
        self._kept = []

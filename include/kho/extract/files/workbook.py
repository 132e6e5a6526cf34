"""Read the sheets of a workbook that proved harmless.

In: a workbook on disk. Out: its visible sheets that a form wants, row by row. Values come from
calamine, which expands no entities and follows no links; what it does not tell comes from the scan.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from kho.contracts.sources.files import Limits
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import Scan, scan_sheets
from kho.extract.files.sheets import CellError, Formula, Percent, Sheet, Value


@dataclass
class Workbook:
    """An open workbook: its wanted sheets, read one after the other, and the names of the hidden ones."""

    sheets: Iterator[Sheet]
    hidden: Sequence[str]


@contextmanager
def open_workbook(path: Path, patterns: Sequence[str], limits: Limits) -> Iterator[Workbook]:
    """The visible sheets that match a pattern, in the workbook's order.

    Raises:
        FileRefused: a pattern matches no sheet, or only hidden ones; a sheet reaches too far; the
            workbook cannot be read.
    """
    try:
        scans = scan_sheets(path, limits)
        with CalamineWorkbook.from_path(path) as workbook:
            kept = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            hidden = [sheet.name for sheet in kept if sheet.visible != SheetVisibleEnum.Visible]
            visible = [sheet.name for sheet in kept if sheet.visible == SheetVisibleEnum.Visible]
            chosen = _chosen(patterns, visible, hidden)
            sheets = (
                _sheet(workbook.get_sheet_by_name(name), scans.get(name, Scan()))
                for name in visible
                if name in chosen
            )
            yield Workbook(sheets, hidden)
    except (CalamineError, KeyError) as error:
        raise FileRefused("damaged", f"the workbook cannot be read: {error}") from error
    except BaseException as error:
        # What its library did not foresee in a malformed workbook.
        if type(error).__name__ != "PanicException":
            raise
        raise FileRefused("damaged", "the workbook cannot be read: its parts do not fit together") from None


def _chosen(patterns: Sequence[str], visible: Sequence[str], hidden: Sequence[str]) -> set[str]:
    chosen: set[str] = set()
    for pattern in patterns:
        matching = {name for name in visible if re.search(pattern, name, re.IGNORECASE)}
        if not matching:
            _refuse(pattern, hidden, visible)
        chosen |= matching
    return chosen


def _refuse(pattern: str, hidden: Sequence[str], visible: Sequence[str]) -> None:
    for name in hidden:
        if re.search(pattern, name, re.IGNORECASE):
            raise FileRefused("hidden_sheet", f"the sheet '{name}' is hidden", sheet=name)
    there = ", ".join(f"'{name}'" for name in visible) or "none"
    raise FileRefused("no_sheet", f"no sheet is called like '{pattern}'; there are: {there}")


def _sheet(sheet: CalamineSheet, scan: Scan) -> Sheet:
    troubled = {row for row, _ in (*scan.formulas, *scan.errors)}
    return Sheet(sheet.name, _rows(sheet, scan), sheet.merged_cell_ranges or [], scan.hidden_rows, troubled)


def _rows(sheet: CalamineSheet, scan: Scan) -> Iterator[list[Value]]:
    """Every row from the first, every value at its column, the scan's words in their places."""
    offset = sheet.start[1] if sheet.start else 0
    special: dict[int, dict[int, Value]] = defaultdict(dict)
    for (place, column), text in scan.formulas.items():
        special[place][column] = Formula(text)
    for (place, column), text in scan.errors.items():
        special[place][column] = CellError(text)
    percents: dict[int, list[int]] = defaultdict(list)
    for place, column in scan.percents:
        percents[place].append(column)
    lead: list[Value] = [None] * offset
    row: list[Value]
    number = -1
    for number, values in enumerate(sheet.iter_rows()):
        row = [*lead, *values]
        for column in percents.get(number, ()):
            value = row[column] if column < len(row) else None
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                row[column] = Percent(value)
        yield _overlaid(row, special.pop(number)) if number in special else row
    # A row that holds nothing but formulas without a value is no row to the library.
    for later in sorted(place for place in special if place > number):
        for _ in range(number + 1, later):
            yield []
        yield _overlaid([], special[later])
        number = later


def _overlaid(row: list[Value], special: dict[int, Value]) -> list[Value]:
    for column, value in special.items():
        row.extend([None] * (column + 1 - len(row)))
        row[column] = value
    return row

"""Find the table of a sheet by its header texts.

In: the first rows of a sheet, its merged cells, and the declared form. Out: `Found`: which column is
which, the unit that each header states, the values outside the table, and the row where data begins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kho.conform.units import unit_of
from kho.contracts.sources.files import Cell, Form, FormColumn
from kho.extract.files.matching import folded, spellings, without_brackets
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import Merge, Value
from kho.extract.files.texts import Written, as_text

DEEPEST_HEADER = 4
Texts = list[list[str]]


@dataclass(frozen=True)
class Found:
    """Where everything is; rows and columns from 0."""

    columns: Mapping[str, int]
    units: Mapping[str, str]
    header_row: int
    first_row: int
    unexpected: frozenset[str]
    """Headers of columns that the form does not have."""


def find_table(rows: Sequence[Sequence[Value]], merges: Sequence[Merge], form: Form, sheet: str) -> Found:
    """The table whose header has every required column.

    Raises:
        FileRefused: there is none, or a header could be two columns, or it states another unit.
    """
    texts = sheet_texts(rows, merges)
    best: tuple[int, Found] | None = None
    nearest: tuple[int, int, list[str]] = (
        0,
        0,
        [column.headers[0] for column in form.columns if column.required],
    )
    ambiguous: FileRefused | None = None
    for bottom, depth in _candidates(texts, form):
        paths = header_paths(texts, merges, bottom, depth)
        places = {column.name: _places(column, paths) for column in form.columns}
        missing = [
            column.headers[0] for column in form.columns if column.required and not places[column.name]
        ]
        matched = sum(bool(found) for found in places.values())
        if missing:
            if matched > nearest[0]:
                nearest = (matched, bottom, missing)
            continue
        if doubled := next((name for name, found in places.items() if len(found) > 1), None):
            ambiguous = ambiguous or _ambiguous(doubled, places[doubled], bottom, sheet)
            continue
        if best is None or matched > best[0]:
            columns = {name: found[0] for name, found in places.items() if found}
            first = _first_row(merges, columns.values(), bottom)
            units = _units(form, columns, paths, bottom, sheet)
            best = (matched, Found(columns, units, bottom, first, _unexpected(form, columns, paths)))
    if best:
        return best[1]
    if ambiguous:
        raise ambiguous
    names = ", ".join(f"'{name}'" for name in nearest[2])
    if not nearest[0]:
        raise FileRefused(
            "no_table", f"no row of the first {len(rows)} has a header like {names}", sheet=sheet
        )
    raise FileRefused(
        "no_table",
        f"the header lacks the column {names}",
        sheet=sheet,
        cell=address(nearest[1], 0),
    )


def find_cells(
    rows: Sequence[Sequence[Value]],
    cells: Sequence[Cell],
    forms: Mapping[str, Written],
    captured: Mapping[str, str | None],
    sheet: str,
) -> dict[str, str | None]:
    """The declared values outside the table.

    Raises:
        FileRefused: one is missing, or says something else than the file's name.
    """
    values: dict[str, str | None] = {}
    for cell in cells:
        value, place = _cell_value(rows, cell, forms[cell.name])
        if value is None and cell.required:
            raise FileRefused(
                "missing_cell",
                f"'{cell.name}' is not given: nothing "
                + ("stands beside the words" if place else "above the table reads like")
                + f" '{cell.pattern}'",
                sheet=sheet,
                cell=place,
            )
        expected = captured.get(cell.equals) if cell.equals else None
        if value is not None and expected is not None and folded(value) != folded(expected):
            raise FileRefused(
                "contradiction",
                f"the sheet says {cell.name} {value!r}, the file's name says {expected!r}",
                sheet=sheet,
                cell=place,
            )
        values[cell.name] = value
    return values


def is_column_numbers(row: Sequence[Value]) -> bool:
    """Whether a row only numbers the columns: A, B, 1, 2, (3)=(2)/(1)."""
    texts = [as_text(value, Written()) or "" for value in row if value is not None]
    if len(texts) < 2:
        return False
    if not all(re.fullmatch(r"\(?\s*(\d{1,2}|[A-Z])\s*\)?(\s*=.*)?", text.strip()) for text in texts):
        return False
    numbers = [int(found[0]) for text in texts if (found := re.search(r"\d+", text.split("=")[0]))]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


def sheet_texts(rows: Sequence[Sequence[Value]], merges: Sequence[Merge]) -> Texts:
    """The cells as texts, every cell of a merged range with the text of its first."""
    width = max((len(row) for row in rows), default=0)
    texts = [[as_text(value, Written()) or "" for value in row] + [""] * (width - len(row)) for row in rows]
    for (top, left), (bottom, right) in merges:
        if top < len(texts) and left < width:
            for row in range(top, min(bottom + 1, len(texts))):
                texts[row][left : right + 1] = [texts[top][left]] * (min(right + 1, width) - left)
    return texts


def _candidates(texts: Texts, form: Form) -> Iterator[tuple[int, int]]:
    """The last rows and the depths of what may be the header: some text there is the end of a known one."""
    ends = {folded(header.split("|")[-1]) for column in form.columns for header in column.headers}
    for bottom, row in enumerate(texts):
        if sum(bool(text) for text in row) >= 2 and any(text and spellings(text) & ends for text in row):
            for depth in range(1, min(DEEPEST_HEADER, bottom + 1) + 1):
                yield bottom, depth


def header_paths(texts: Texts, merges: Sequence[Merge], bottom: int, depth: int) -> list[list[str]]:
    """For each column the texts of its header from top to bottom, each once."""
    top = bottom - depth + 1
    block = [list(row) for row in texts[top : bottom + 1]]
    if not merges:
        # Where merging is lost, as in CSV, the group's name stands over its first column only.
        for upper in block[:-1]:
            for column in range(1, len(upper)):
                if not upper[column] and block[-1][column] and block[-1][column - 1]:
                    upper[column] = upper[column - 1]
    paths = []
    for column in range(len(block[0])):
        path: list[str] = []
        for row in block:
            if row[column] and (not path or path[-1] != row[column]):
                path.append(row[column])
        paths.append(path if block[-1][column] or depth > 1 else [])
    return paths


def _places(column: FormColumn, paths: Sequence[Sequence[str]]) -> list[int]:
    """The columns whose header ends in one of the accepted spellings."""
    accepted = [[folded(part) for part in header.split("|")] for header in column.headers]
    return [
        place
        for place, path in enumerate(paths)
        if path and any(_ends_in(path, header) for header in accepted)
    ]


def _ends_in(path: Sequence[str], header: Sequence[str]) -> bool:
    if len(path) < len(header):
        return False
    return all(
        expected in spellings(text) for text, expected in zip(path[-len(header) :], header, strict=True)
    )


def _units(
    form: Form, columns: Mapping[str, int], paths: Sequence[Sequence[str]], bottom: int, sheet: str
) -> dict[str, str]:
    units = {}
    for column in form.columns:
        if column.name not in columns:
            continue
        place = columns[column.name]
        brackets = [without_brackets(text)[1] for text in reversed(paths[place])]
        written = next((text for text in brackets if unit_of(text)), None)
        if written and column.unit and unit_of(written) != unit_of(column.unit):
            raise FileRefused(
                "wrong_unit",
                f"the column '{column.headers[0]}' is in '{written}', the form wants '{column.unit}'",
                sheet=sheet,
                cell=address(bottom, place),
            )
        if unit := written or column.unit:
            units[column.name] = unit
    return units


def _unexpected(form: Form, columns: Mapping[str, int], paths: Sequence[Sequence[str]]) -> frozenset[str]:
    known = {folded(name) for name in form.ignored_headers}
    used = set(columns.values())
    headers = (path[-1] for place, path in enumerate(paths) if path and place not in used)
    return frozenset(" ".join(header.split()) for header in headers if folded(header) not in known)


def _first_row(merges: Sequence[Merge], columns: Iterable[int], bottom: int) -> int:
    """The row below the header, and below the merged cells that reach out of it."""
    used = set(columns)
    return 1 + max(
        (
            last_row
            for (first_row, left), (last_row, right) in merges
            if first_row <= bottom < last_row and used & set(range(left, right + 1))
        ),
        default=bottom,
    )


def _cell_value(rows: Sequence[Sequence[Value]], cell: Cell, form: Written) -> tuple[str | None, str | None]:
    """The value, and the cell where it stands; without a value the cell where it should."""
    label: str | None = None
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if not isinstance(value, str):
                continue
            found = re.search(cell.pattern, " ".join(unicodedata.normalize("NFC", value).split()))
            if not found:
                continue
            label = label or address(number, column)
            if cell.format:
                return cell.format.format(**found.groupdict("")), address(number, column)
            if text := next((group.strip() for group in found.groups() if group), None):
                return as_text(text, form), address(number, column)
            for right in range(column + 1, len(row)):
                if (text := as_text(row[right], form)) is not None and text.strip():
                    return text, address(number, right)
    return None, label


def _ambiguous(name: str, places: Sequence[int], bottom: int, sheet: str) -> FileRefused:
    cells = " and ".join(address(bottom, place) for place in places[:3])
    return FileRefused(
        "ambiguous_table",
        f"the column '{name}' could be {cells}",
        sheet=sheet,
        cell=address(bottom, places[1]),
    )

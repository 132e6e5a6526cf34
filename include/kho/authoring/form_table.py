"""Describe the table of a form: its columns, the rows that are no records, the sheets that have it.

In: grids of a file. Out: `Table`: the `form` of a contract, what each column is, and the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kho.authoring.form_cells import Cells, read_cells
from kho.authoring.form_header import IGNORED, Header, ends_table, find_header, is_held
from kho.authoring.form_sheets import Grid
from kho.authoring.vocabulary import column_name
from kho.conform.units import unit_of
from kho.contracts.sources.files import Totals
from kho.errors import ConfigurationError, SourceRejected
from kho.extract.files.matching import folded, without_brackets
from kho.extract.files.sheets import Value
from kho.extract.files.tables import is_column_numbers

_TOTAL = re.compile(r"(?i)^(tổng|cộng|tổng cộng|tổng số)\b")


@dataclass(frozen=True)
class TableColumn:
    """One column of a form's table."""

    name: str
    path: tuple[str, ...]
    place: int
    cells: Cells
    unit: str | None
    fill_down: bool
    units: bool
    """Whether its cells name units."""

    @property
    def title(self) -> str:
        """The heading, its groups before it: `Thực hiện: trong tháng`."""
        plain = [_plain(part) for part in self.path]
        own = plain[-1]
        return f"{': '.join(plain[:-1])}: {own[:1].lower()}{own[1:]}" if len(plain) > 1 else own


@dataclass(frozen=True)
class Table:
    """A form's table and the sheets that have it."""

    grid: Grid
    header: Header
    columns: tuple[TableColumn, ...]
    sheets: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    form: dict[str, Any] = field(default_factory=dict)


def find_table(grids: Sequence[Grid], where: str, sheet: str | None) -> Table:
    """The table that most sheets have, or the one of the sheet that is named.

    Raises:
        ConfigurationError: the named sheet is not there.
        SourceRejected: no sheet has a table.
    """
    names = ", ".join(f"'{grid.name}'" for grid in grids if grid.name)
    if sheet and sheet not in {grid.name for grid in grids}:
        raise ConfigurationError(
            f"there is no sheet '{sheet}'", where=where, next_step=f"choose among: {names}"
        )
    tables = [(grid, header) for grid in grids if (header := find_header(grid)) is not None]
    chosen = [(grid, header) for grid, header in tables if sheet in (None, grid.name)]
    if not chosen:
        raise SourceRejected(
            "no row looks like the header of a table",
            where=where,
            next_step="give its columns yourself: --set 'form.columns=[{name: …, headers: […]}]'",
        )
    grid, header = max(chosen, key=lambda one: (len(one[1].paths), len(one[0].rows)))
    same = [one for one, other in tables if _headings(other) == _headings(header)]
    evidence = [f"form: {f'sheet {grid.name!r}, ' if grid.name else ''}{header.place}"]
    if header.top < header.bottom:
        evidence.append(
            "form: group headings stand above; a column is called by both: 'Thực hiện | Trong tháng'"
        )
    if len(same) > 1:
        evidence.append(f"form: {len(same)} sheets have these columns, each is read")
    left = [repr(one.name) for one in grids if one not in same]
    if left:
        evidence.append(
            f"form: not read: sheets {', '.join(left)}, which have no such table (--sheet chooses)"
        )
    if header.nameless:
        evidence.append(f"form: {len(header.nameless)} columns hold something and have no heading: not read")
    rows = [row for one in same for row in _rows(one, find_header(one) or header)]
    columns = _columns(grid, header, rows)
    return _with_form(Table(grid, header, columns, tuple(one.name for one in same)), rows, evidence)


def _headings(header: Header) -> list[tuple[str, ...]]:
    return [tuple(map(folded, path)) for path in header.paths.values()]


def _rows(grid: Grid, header: Header) -> list[Sequence[Value]]:
    """The rows below the header, up to the words that end a table."""
    found: list[Sequence[Value]] = []
    numbering = True
    for row in grid.rows[header.first_row :]:
        if not any(map(is_held, row)) or (numbering and is_column_numbers(row)):
            continue
        numbering = False
        if any(isinstance(value, str) and ends_table(value) for value in row):
            break
        found.append(row)
    return found


def _columns(grid: Grid, header: Header, rows: Sequence[Sequence[Value]]) -> tuple[TableColumn, ...]:
    """The columns but for row numbers; records alone say what their cells are."""
    places = [p for p, path in header.paths.items() if folded(path[-1]) not in IGNORED]
    records = [row for row in rows if sum(p < len(row) and is_held(row[p]) for p in places) > 1]
    records = [row for row in records if not _is_total(row)] or list(rows)
    found: list[TableColumn] = []
    last = [_plain(header.paths[place][-1]) for place in places]
    for place in places:
        path = header.paths[place]
        own = _plain(path[-1])
        words = own if last.count(own) == 1 and len(path) == 1 else " ".join(map(_plain, path))
        name = column_name(words, {column.name for column in found})[:50].rstrip("_")
        values = [row[place] if place < len(row) else None for row in records]
        unit = next((text for part in reversed(path) if (text := _unit(part))), None)
        cells = read_cells(own, values, unit)
        named = [value for value in values if isinstance(value, str) and unit_of(value)]
        units = cells.logical_type == "string" and len(named) >= 0.8 * max(cells.held, 1) and bool(named)
        if cells.percent and unit is None:
            unit = "%"
        merged = any(
            left == place and header.bottom < top < bottom for (top, left), (bottom, _) in grid.merges
        )
        found.append(TableColumn(name, path, place, cells, unit, merged, units))
    return tuple(found)


def _with_form(table: Table, rows: Sequence[Sequence[Value]], evidence: list[str]) -> Table:
    form: dict[str, Any] = {"sheets": [f"^{_literal(name)}$" for name in table.sheets if name] or [".*"]}
    form["columns"] = [_declared(column) for column in table.columns]
    measured = [column for column in table.columns if column.cells.logical_type in ("integer", "number")]
    codes = [column for column in table.columns if column.path[-1].casefold().startswith("mã")]
    if measured:
        form["row_needs"] = [column.name for column in (*codes, *measured)]
        wanted = [column.place for column in (*codes, *measured)]
        headings = sum(not any(p < len(row) and is_held(row[p]) for p in wanted) for row in rows)
        if headings:
            evidence.append(f"form: {headings} rows with words alone are headings, no records (row_needs)")
    totals = [row for row in rows if _is_total(row)]
    text = next((column for column in table.columns if column.cells.logical_type == "string"), None)
    if text:
        labels = dict.fromkeys(" ".join(_total_label(row).split()).rstrip(":. ") for row in totals)
        default = Totals.model_fields["labels"].default
        more = [label for label in labels if folded(label) not in set(map(folded, default))]
        form["totals"] = {"column": text.name}
        if more:
            form["totals"]["labels"] = [*default, *more]
        if totals:
            named = ", ".join(map(repr, labels))
            evidence.append(f"form: {len(totals)} rows of totals are left out: {named}")
    evidence += [
        f"form: '{column.path[-1]}' is merged downwards; empty cells mean the value above"
        for column in table.columns
        if column.fill_down
    ]
    return Table(table.grid, table.header, table.columns, table.sheets, tuple(evidence), form)


def _declared(column: TableColumn) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "headers": [" | ".join(map(_plain, column.path))]}
    if column.cells.held == 0 or _is_remark(column):
        found["required"] = False
    if column.cells.digits:
        found["digits"] = column.cells.digits
    if column.unit and not column.cells.percent:
        found["unit"] = column.unit
    if column.fill_down:
        found["fill_down"] = True
    return found


def _is_remark(column: TableColumn) -> bool:
    return folded(_plain(column.path[-1])) in ("ghi chú", "lý do", "giải trình")


def _is_total(row: Sequence[Value]) -> bool:
    return bool(_total_label(row))


def _total_label(row: Sequence[Value]) -> str:
    """The text by which a row says that it adds up others: its only words. A line that is called *Tổng …* and
    has a code or a unit is a record like any other."""
    words = [value.strip() for value in row if isinstance(value, str) and re.search(r"[^\W\d_]", value)]
    return words[0] if len(words) == 1 and _TOTAL.match(words[0]) else ""


def _plain(part: str) -> str:
    """A heading without the unit in brackets at its end."""
    text, bracket = without_brackets(part)
    return text.strip() if bracket and unit_of(bracket) else part


def _unit(part: str) -> str | None:
    bracket = without_brackets(part)[1]
    return bracket if bracket and unit_of(bracket) else None


def _literal(text: str) -> str:
    return re.escape(text).replace(r"\ ", " ").replace(r"\-", "-")

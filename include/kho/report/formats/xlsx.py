"""The annexes as a workbook: a sheet each, numbers as numbers, every text only text.

In: a `Document`. Out: XLSX without anything of the time of writing; the same document gives the same bytes.
"""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter

from kho.report.document import Cell, Row, Section, Table, Value
from kho.report.formats.paper import FONT, SHADES
from kho.report.sheet_text import sheet_text
from kho.report.vietnamese import day

if TYPE_CHECKING:
    from kho.report.document import Document

_LONGEST = 2_000
_HEAD_ROW = 3
_FORMATS = {int: "#,##0", Decimal: "#,##0.00", date: "dd/mm/yyyy"}


def render_xlsx(document: Document) -> bytes:
    """The workbook: a list of the annexes, then a sheet for each."""
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(
        raw,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.combine(document.as_of, time.min)
    book.set_properties({"title": document.title, "author": document.letterhead.issuer, "created": created})
    sheets = _Sheets(book)
    sheets.contents(document)
    for annex in document.listed_annexes:
        for table in annex.tables:
            sheets.add(annex, table)
    book.close()
    return raw.getvalue()


class _Sheets:
    """The workbook under way; equal formats are made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def contents(self, document: Document) -> None:
        sheet = self._book.add_worksheet("Danh mục")
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, sheet_text(document.title, _LONGEST), self._style(bold=True, font_size=14))
        number = f"{document.number}/{document.letterhead.number_symbol}" if document.number else "Dự thảo"
        sheet.write_string(1, 0, sheet_text(f"Số: {number}"), self._style(italic=True))
        for at, annex in enumerate(document.listed_annexes, start=_HEAD_ROW):
            sheet.write_string(at, 0, f"Phụ lục {annex.label}", self._style(border=1))
            sheet.write_string(at, 1, sheet_text(annex.title, _LONGEST), self._style(border=1))

    def add(self, annex: Section, table: Table) -> None:
        sheet = self._book.add_worksheet(f"Phụ lục {annex.label}")
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEAD_ROW)
        sheet.freeze_panes(_HEAD_ROW + 1, 2)
        title = self._style(bold=True, font_size=14)
        sheet.write_string(0, 0, f"Phụ lục {annex.label}", title)
        sheet.write_string(1, 0, sheet_text(annex.title, _LONGEST), title)
        head = self._style(bold=True, border=1, text_wrap=True, align="center", bg_color="#D9E2F3")
        for at, (column, width) in enumerate(zip(table.columns, table.widths(260), strict=True)):
            sheet.set_column(at, at, max(6, width * 0.55))
            sheet.write_string(_HEAD_ROW, at, sheet_text(column.title), head)
        for at, row in enumerate(table.rows, start=_HEAD_ROW + 1):
            self._row(sheet, at, row)

    def _row(self, sheet: Any, at: int, row: Row) -> None:
        column = 0
        for cell in row.cells:
            self._cell(sheet, at, column, cell, bold=row.kind == "sum")
            for blank in range(column + 1, column + cell.span):
                sheet.write_blank(at, blank, None, self._style(border=1))
            column += cell.span

    def _cell(self, sheet: Any, at: int, column: int, cell: Cell, *, bold: bool) -> None:
        style: dict[str, Any] = {"border": 1, "text_wrap": True, "valign": "top", "bold": bold}
        if cell.band:
            style["bg_color"] = f"#{SHADES[cell.band]}"
        value, text = _calculable(cell), "; ".join("".join(run.text for run in line) for line in cell.lines)
        if value is None:
            sheet.write_string(at, column, sheet_text(text, _LONGEST) if text else "", self._style(**style))
        elif isinstance(value, date):
            style["num_format"] = _FORMATS[date]
            sheet.write_datetime(at, column, datetime.combine(value, time.min), self._style(**style))
        else:
            style["num_format"] = _FORMATS[type(value)]
            sheet.write_number(at, column, value, self._style(**style))

        if value is not None and len(cell.lines) > 1:
            told = "; ".join("".join(run.text for run in line) for line in cell.lines[1:])
            sheet.write_comment(at, column, told, {"author": ""})

    def _style(self, **style: Any) -> Any:
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"font_name": FONT, "font_size": 11} | style)
        return self._formats[key]


def _calculable(cell: Cell) -> Value:
    """The value, where it says as much as the text: 'Quá hạn 3 bản ghi (hạn …)' says more than a date."""
    if cell.value is None or (isinstance(cell.value, date) and cell.text != day(cell.value)):
        return None
    return cell.value

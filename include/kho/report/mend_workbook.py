"""One agency's records to mend, as an Excel workbook.

In: masked lines. Out: a file in which every text is only text: no formula, no link. It is written row by row
to disk, so its size does not matter; it has nothing of the time of writing in it, so the same lines give the
same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xlsxwriter

from kho.report.sheet_text import sheet_text
from kho.report.vietnamese import day

ROWS_PER_SHEET = 1_000_000
"""Excel takes 48,576 more."""

_COLUMNS = (
    ("TT", 6),
    ("Nguồn", 24),
    ("Hồ sơ", 30),
    ("Lỗi", 46),
    ("Cách sửa", 46),
    ("Hạn", 12),
    ("Tình trạng", 22),
    ("Phát hiện", 12),
    ("Dữ liệu đã gửi (đã che thông tin cá nhân)", 70),
    ("Mã vụ việc", 11),
)
_HEADER_ROW = 4
_ADVICE = (
    "Sửa trên hệ thống nguồn rồi gửi lại, không sửa trong tệp này; "
    "vụ việc tự đóng khi bản ghi gửi lại đạt yêu cầu; bản ghi thiếu mã: xem cột Cách sửa."
)
_LONG, _SHORT = 1_500, 120


@dataclass(frozen=True, slots=True)
class MendLine:
    """A record to mend."""

    case: int
    source: str
    record: str
    faults: tuple[str, ...]
    remedies: tuple[str, ...]
    due_on: date
    state: str
    first_seen_on: date
    values: str


class MendWorkbook:
    """The workbook of one agency, under way; leaving it by an error leaves no file."""

    def __init__(self, path: Path, agency: str, as_of: date, temporary: Path) -> None:
        self._path, self._agency, self._as_of = path, agency, as_of
        self.rows = 0
        self._sheets = 0
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(temporary),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties(
            {"title": f"Danh sách cần sửa {day(as_of)}", "created": datetime.combine(as_of, time.min)}
        )
        text = {"font_name": "Times New Roman", "font_size": 11, "valign": "top"}
        self._plain = self._book.add_format(text | {"text_wrap": True, "border": 1})
        self._date = self._book.add_format(text | {"num_format": "dd/mm/yyyy", "border": 1})
        self._head = self._book.add_format(
            text | {"bold": True, "text_wrap": True, "border": 1, "align": "center", "bg_color": "#D9E2F3"}
        )
        self._title = self._book.add_format(text | {"bold": True, "font_size": 14, "border": 0})
        self._note = self._book.add_format(text | {"italic": True})
        self._add_sheet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

    def add(self, lines: Iterable[MendLine]) -> None:
        """Append lines; a full sheet is followed by another."""
        for line in lines:
            if self.rows and self.rows % ROWS_PER_SHEET == 0:
                self._add_sheet()
            self.rows += 1
            self._write(_HEADER_ROW + 1 + (self.rows - 1) % ROWS_PER_SHEET, line)

    def _add_sheet(self) -> None:
        self._sheets += 1
        name = "Cần sửa" if self._sheets == 1 else f"Cần sửa ({self._sheets})"
        sheet = self._sheet = self._book.add_worksheet(name)
        for number, (_, width) in enumerate(_COLUMNS):
            sheet.set_column(number, number, width)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER_ROW)
        sheet.freeze_panes(_HEADER_ROW + 1, 3)
        sheet.write_string(0, 0, "DANH SÁCH BẢN GHI CẦN SỬA", self._title)
        sheet.write_string(1, 0, f"Cơ quan: {sheet_text(self._agency)}", self._note)
        sheet.write_string(2, 0, f"Tính đến đêm {day(self._as_of)}", self._note)
        sheet.write_string(
            3,
            0,
            _ADVICE,
            self._note,
        )
        for number, (title, _) in enumerate(_COLUMNS):
            sheet.write_string(_HEADER_ROW, number, title, self._head)

    def _write(self, row: int, line: MendLine) -> None:
        self._sheet.write_number(row, 0, self.rows, self._plain)
        cells: tuple[str | date, ...] = (
            sheet_text(line.source, _SHORT),
            sheet_text(line.record, _SHORT),
            sheet_text("; ".join(line.faults), _LONG),
            sheet_text("; ".join(line.remedies), _LONG),
            line.due_on,
            line.state,
            line.first_seen_on,
            sheet_text(line.values, _LONG),
        )
        for column, value in enumerate(cells, start=1):
            if isinstance(value, date):
                self._sheet.write_datetime(row, column, datetime.combine(value, time.min), self._date)
            else:
                self._sheet.write_string(row, column, value, self._plain)
        self._sheet.write_number(row, len(_COLUMNS) - 1, line.case, self._plain)


def values_of(record: dict[str, Any], titles: dict[str, str], mask: str) -> str:
    """The values that may be seen, each with its title; those that are missing or masked are left out."""
    shown = (
        f"{title}: {sheet_text(_plain(record[name]), _SHORT)}"
        for name, title in titles.items()
        if record.get(name) not in (None, "", mask)
    )
    return "; ".join(shown)


def _plain(value: object) -> str:
    return "x" if value is True else "" if value is False else str(value)

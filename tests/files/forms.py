"""A form as communes fill it in, written by the libraries that people's programs are built on.

In: nothing, or what is to be odd about it. Out: the bytes of a real file. Nothing here is kept in the
repository as a binary: every file is made when its test runs.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from kho.contracts import Column, Contract, FilesSource, load_contract

NIGHT = date(2026, 10, 5)
WRITTEN = datetime(2026, 10, 2, 9, 30)
NAME = "BM01_21025_2026-09.xlsx"
TITLE = "BIỂU 01: TÌNH HÌNH KINH TẾ - XÃ HỘI"

ROWS: tuple[tuple[Any, ...], ...] = (
    (1, "Dân số trung bình", "DS01", "người", 12000, 12034, 12034, None),
    (2, "Thu ngân sách", "NS01", "triệu đồng", 9500.5, 1234.56, 8200.75, "ước tính"),
    (3, "Hộ nghèo", "XH01", "hộ", 150, 142, 142, None),
    (4, "Ngày chốt số liệu", "NG01", None, None, None, None, datetime(2026, 9, 30)),
)


def a_contract(**form: Any) -> Contract:
    """The contract of the form; `form` replaces parts of its description."""
    declared: dict[str, Any] = {
        "sheets": ["^Biểu 01"],
        "cells": [
            {"name": "commune_code", "pattern": r"^Mã đơn vị", "digits": 5, "equals": "unit"},
            {
                "name": "period_code",
                "pattern": r"(?i)tháng (?P<month>\d{1,2}) năm (?P<year>\d{4})",
                "format": "{year}-M{month:0>2}",
                "equals": "period",
            },
        ],
        "columns": [
            {"name": "line_name", "headers": ["Chỉ tiêu", "Tên chỉ tiêu"]},
            {"name": "line_code", "headers": ["Mã số"]},
            {"name": "unit_name", "headers": ["Đơn vị tính", "ĐVT"]},
            {"name": "plan", "headers": ["Kế hoạch năm"], "required": False},
            {"name": "month_value", "headers": ["Thực hiện | Trong tháng", "Thực hiện trong tháng"]},
            {"name": "year_value", "headers": ["Thực hiện | Lũy kế", "Lũy kế"]},
            {"name": "note", "headers": ["Ghi chú"], "required": False},
        ],
        "row_needs": ["line_code", "month_value"],
        "cell_of": "month_value",
        "totals": {"column": "line_name", "check": ["month_value"]},
    }
    source = FilesSource.model_validate(
        {
            "kind": "files",
            "connection": "commune_forms",
            "file_name": r"BM01_(?P<unit>\d{5})_(?P<year>\d{4})-(?P<month>\d{2})(_lan(?P<version>\d))?\.(xlsx|xlsm|xls|csv)",
            "derived": {"period": "{year}-M{month}"},
            "submission": {"submitter": "unit", "period": "period", "version": "version"},
            "form": declared | form,
            "settle_seconds": 0,
        }
    )
    columns = (
        _column("commune_code", "commune_code", key_position=1),
        _column("period_code", "period_code", key_position=2),
        _column("line_code", "line_code", key_position=3),
        _column("month_value", "month_value", "number", source_format="1.234,56"),
        _column("year_value", "year_value", "number", source_format="1.234,56"),
        _column("plan", "plan", "number", source_format="1.234,56"),
        _column("submitted_at", "_modified_at", "timestamp", source_format="%d/%m/%Y %H:%M:%S"),
        _column("source_file", "_file"),
        _column("source_cell", "_cell"),
    )
    return load_contract("agencies").model_copy(
        update={"dataset": "forms", "columns": columns, "source": source}
    )


def _column(name: str, source_name: str, kind: str = "string", **more: Any) -> Column:
    return Column(
        name=name,
        source_name=source_name,
        title=name,
        logical_type=kind,  # type: ignore[arg-type]
        sql_type="numeric(20,4)" if kind == "number" else "text",
        classification="public",
        **more,
    )


def workbook(
    rows: Sequence[Sequence[Any]] = ROWS,
    *,
    change: Callable[[Any, Any], None] | None = None,
    sheet: str = "Biểu 01",
    unit_code: Any = "21025",
    month: str = "Tháng 9 năm 2026",
) -> bytes:
    """A filled-in form; `change` may write more into its workbook and sheet (header in rows 6 and 7)."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    book.set_properties({"created": datetime(2026, 10, 1)})
    page = book.add_worksheet(sheet)
    page.merge_range("A1:H1", TITLE)
    page.merge_range("A2:H2", f"({month})")
    page.write("A3", "Mã đơn vị:")
    page.write("C3", unit_code)
    page.merge_range("F4:H4", "(Đơn vị tính: theo từng dòng)")
    for column, text in enumerate(("STT", "Chỉ tiêu", "Mã số", "Đơn vị\ntính", "Kế hoạch năm")):
        page.merge_range(5, column, 6, column, text)
    page.merge_range("F6:G6", "Thực hiện")
    page.write("F7", "Trong tháng")
    page.write("G7", "Lũy kế")
    page.merge_range("H6:H7", "Ghi chú")
    for column, text in enumerate(("A", "B", "C", "D", "(1)", "(2)", "(3)", "(4)")):
        page.write_string(7, column, text)
    for number, row in enumerate(rows, start=8):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                page.write_datetime(number, column, value)
            elif value is not None:
                page.write(number, column, value)
    end = 8 + len(rows)
    page.write(end + 1, 1, "Người lập biểu")
    page.write(end + 1, 5, "CHỦ TỊCH")
    if change:
        change(book, page)
    book.close()
    return out.getvalue()


def repacked(content: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """The same archive with parts replaced, added, or (None) left out."""
    out = io.BytesIO()
    replace = dict(parts)
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = replace.pop(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
        for name, part in replace.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    """One part of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def edited(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The archive with a text in one part replaced."""
    part = part_of(content, name)
    assert old in part, part[:2000]
    return repacked(content, {name: part.replace(old, new)})


CSV_LINES = (
    ["Mã đơn vị:", "", "21025"],
    ["Tháng 9 năm 2026"],
    ["STT", "Chỉ tiêu", "Mã số", "Đơn vị tính", "Kế hoạch năm", "Thực hiện", "", "Ghi chú"],
    ["", "", "", "", "", "Trong tháng", "Lũy kế", ""],
    ["1", "Dân số trung bình", "DS01", "người", "12.000", "12.034", "12.034", ""],
    ["2", "Thu ngân sách", "NS01", "triệu đồng", "9.500,5", "1.234,56", "8.200,75", "ước tính"],
)


def csv_text(lines: Sequence[Sequence[str]] = CSV_LINES, separator: str = ";", newline: str = "\r\n") -> str:
    """The form as CSV."""
    return newline.join(separator.join(line) for line in lines) + newline


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12))

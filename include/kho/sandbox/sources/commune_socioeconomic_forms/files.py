"""The files of the communes' forms: real workbooks and CSV files, the same bytes for the same content.

In:  a view and its date.
Out: the folder as the communes leave it on that date. Files that are there already are left alone.
"""

import io
import os
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter

from kho.sandbox.defects import Row
from kho.sandbox.errors import SandboxConfigurationError
from kho.sandbox.seeding import fingerprint
from kho.sandbox.sources.commune_socioeconomic_forms.defects import CellError, Formula
from kho.sandbox.sources.commune_socioeconomic_forms.view import FormsView
from kho.sandbox.texts import vietnamese_number
from kho.sandbox.views import View

if TYPE_CHECKING:
    from kho.sandbox.sources.commune_socioeconomic_forms.population import Form, Version

_HEADERS = ("STT", "Chỉ tiêu", "Mã số", "Đơn vị tính", "Kế hoạch năm", "Ghi chú")
_FIELDS = ("line_name", "line_code", "unit_name", "plan", "month", "year", "note")
_NUMBERS = ("plan", "month", "year")
_FIRST_ROW = 9
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - any fixed moment
_UTC_OFFSET = 7 * 3600


def write_files(view: View, _on: date, folder: Path) -> None:
    """Bring the folder to the date: add what was sent since, take away what is not sent yet."""
    if not isinstance(view, FormsView):
        raise SandboxConfigurationError(f"not a view of forms: {type(view).__name__}")
    _start_anew_if_other(view, folder)
    wanted = {}
    for form, version in view.files():
        rows = view.rows_of(form, version)
        wanted[file_name(form, version, rows)] = (form, version, rows)
    for path in folder.iterdir():
        if path.name not in wanted and not path.name.startswith("."):
            path.unlink()
    for name, (form, version, rows) in wanted.items():
        path = folder / name
        # The instant is local time at the province; the file system counts from 1970 in UTC.
        seconds = version.instant - _UTC_OFFSET
        if path.exists() and int(path.stat().st_mtime) == seconds:
            continue
        temporary = folder / f".{name}.part"
        temporary.write_bytes(file_bytes(form, version, rows))
        os.utime(temporary, (seconds, seconds))
        temporary.replace(path)


def file_name(form: "Form", version: "Version", rows: Sequence[Row]) -> str:
    """How the commune calls the file."""
    commune, period = rows[0]["commune_code"], rows[0]["period_code"].replace("M", "")
    again = f"_lan{version.number}" if version.number > 1 else ""
    extension = "xlsm" if version.refused == "macro" else "csv" if form.is_csv else "xlsx"
    return f"BM01_{commune}_{period}{again}.{extension}"


def file_bytes(form: "Form", version: "Version", rows: Sequence[Row]) -> bytes:
    """The file as it was sent."""
    if version.refused == "encrypted":
        names = "EncryptionInfo\0EncryptedPackage".encode("utf-16-le")
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names
    if form.is_csv:
        return _csv(rows).encode("utf-8-sig")
    content = _workbook(form, version, rows)
    return _linked(content) if version.refused == "external_link" else content


def _head(rows: Sequence[Row]) -> list[tuple[str, Any]]:
    first = rows[0]
    year, month = first["period_code"].split("-M")
    return [
        ("BIỂU 01/KTXH-X: TÌNH HÌNH KINH TẾ - XÃ HỘI CẤP XÃ", None),
        (f"Tháng {int(month)} năm {year}", None),
        ("Mã định danh:", first["agency_code"]),
        ("Mã đơn vị hành chính:", first["commune_code"]),
        ("Số liệu đến ngày:", first["period_end"]),
    ]


def _workbook(form: "Form", version: "Version", rows: Sequence[Row]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": _CREATED})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    bold = book.add_format({"bold": True, "text_wrap": True, "border": 1})
    sheet = book.add_worksheet("Biểu 01")
    for number, (text, value) in enumerate(_head(rows)):
        if value is None and number < 2:
            sheet.merge_range(number, 0, number, 7, text, bold)
            continue
        sheet.write_string(number, 0, text)
        if isinstance(value, date):
            if form.as_text:
                sheet.write_string(number, 2, f"{value:%d/%m/%Y}")
            else:
                sheet.write_datetime(number, 2, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
        elif value is not None:
            other = version.refused == "contradiction" and number == 3
            sheet.write_string(number, 2, "99999" if other else str(value))
    sheet.merge_range(5, 5, 5, 7, "(Đơn vị tính: ghi theo từng dòng)")
    for column, text in zip((0, 1, 2, 3, 4, 7), _HEADERS, strict=True):
        renamed = "Mã CT" if version.refused == "no_table" and text == "Mã số" else text
        sheet.merge_range(6, column, 7, column, renamed, bold)
    sheet.merge_range(6, 5, 6, 6, "Thực hiện", bold)
    sheet.write(7, 5, "Trong tháng", bold)
    sheet.write(7, 6, "Lũy kế từ đầu năm", bold)
    for column, text in enumerate(("A", "B", "C", "D", "1", "2", "3", "E")):
        sheet.write_string(8, column, text)
    for number, row in enumerate(rows, start=_FIRST_ROW):
        sheet.write_number(number, 0, number - _FIRST_ROW + 1)
        for column, name in enumerate(_FIELDS, start=1):
            _write(sheet, number, column, _as_typed(row[name], name, form))
    _foot(sheet, _FIRST_ROW + len(rows), form)
    book.close()
    return out.getvalue()


def _foot(sheet: Any, number: int, form: "Form") -> None:
    """Some communes add a row of totals that means nothing; all sign."""
    if form.salt % 5 == 0:
        sheet.write_string(number, 1, "Tổng cộng")
        sheet.write_number(number, 5, form.salt % 10_000)
    sheet.write_string(number + 2, 1, "Người lập biểu")
    sheet.write_string(number + 2, 5, "TM. ỦY BAN NHÂN DÂN")


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, Formula):
        sheet.write_formula(row, column, value.text, None, "")
    elif isinstance(value, CellError):
        sheet.write_formula(row, column, f"=1/0+{value.text}", None, value.text)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif value is not None:
        sheet.write_number(row, column, value)


def _as_typed(value: Any, name: str, form: "Form") -> Any:
    """Some communes type numbers as text."""
    if name in _NUMBERS and isinstance(value, (int, float)) and form.as_text:
        return _number(value)
    return value


def _number(value: float) -> str:
    return vietnamese_number(value, 0 if value == int(value) else 2)


def _csv(rows: Sequence[Row]) -> str:
    lines = [[text, "", _csv_text(value)] for text, value in _head(rows)]
    lines.append(["STT", "Chỉ tiêu", "Mã số", "Đơn vị tính", "Kế hoạch năm", "Thực hiện", "", "Ghi chú"])
    lines.append(["", "", "", "", "", "Trong tháng", "Lũy kế từ đầu năm", ""])
    for number, row in enumerate(rows, start=1):
        lines.append([str(number), *(_csv_text(row[name]) for name in _FIELDS)])
    return "".join(";".join(line) + "\r\n" for line in lines)


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return _number(value) if isinstance(value, (int, float)) else str(value)


def _linked(content: bytes) -> bytes:
    """The workbook with a link to another one, which a copied formula leaves behind."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
        new.writestr(zipfile.ZipInfo("xl/externalLinks/externalLink1.xml"), b"<externalLink/>")
    return out.getvalue()


def _start_anew_if_other(view: FormsView, folder: Path) -> None:
    """Files of another sandbox (another seed, epoch or share of defects) are not this one's."""
    setup = view.setup
    made = f".made-{fingerprint(setup.seed, setup.size, setup.epoch, str(setup.defect_scale)):x}"
    if not (folder / made).exists():
        for path in folder.iterdir():
            path.unlink()
        (folder / made).touch()

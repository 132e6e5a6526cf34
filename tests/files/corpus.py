"""Files as they really come: odd, broken, hostile. Each says what must become of it.

In: nothing. Out: `CASES`: a name, the bytes, and the verdict: `Read` with what must stand in the records
and notes, `Refused` with reason, place and words, or `NotReady`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import openpyxl

from .forms import CSV_LINES, NAME, ROWS, csv_text, edited, repacked, workbook

SHEET1 = "xl/worksheets/sheet1.xml"
CSV_NAME = NAME.replace(".xlsx", ".csv")


@dataclass(frozen=True)
class Read:
    """The file is read: so many rows, these values by line code, these words among the notes."""

    rows: int = 4
    values: dict[str, dict[str, str | None]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """The file is refused: reason, words of the message, sheet and cell."""

    reason: str
    words: str
    sheet: str | None = None
    cell: str | None = None


@dataclass(frozen=True)
class NotReady:
    words: str


@dataclass(frozen=True)
class Case:
    name: str
    content: Callable[[], bytes]
    verdict: Read | Refused | NotReady
    file_name: str = NAME
    form: dict[str, Any] = field(default_factory=dict)


def _rows(**changes: Any) -> list[list[Any]]:
    """The form's rows with cells changed, named like `F10`."""
    rows = [list(row) for row in ROWS]
    for place, value in changes.items():
        rows[int(place[1:]) - 9][ord(place[0]) - 65] = value
    return rows


def _form(**changes: Any) -> Callable[[], bytes]:
    return lambda: workbook(_rows(**changes))


def _changed(change: Callable[[Any, Any], None], **more: Any) -> Callable[[], bytes]:
    return lambda: workbook(change=change, **more)


def _text(text: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: text.encode(encoding)


def _line(*cells: str) -> list[str]:
    return list(cells)


def _windows_1258() -> bytes:
    """Windows-1258 has no composed letters with tone marks: they are two bytes."""
    import unicodedata

    out = b""
    for letter in csv_text():
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            base = unicodedata.normalize("NFD", letter)
            # The hat or horn stays with its letter, the tone mark follows.
            tones = "\u0300\u0301\u0303\u0309\u0323"
            kept = unicodedata.normalize("NFC", "".join(c for c in base if c not in tones))
            out += (kept + "".join(c for c in base if c in tones)).encode("cp1258")
    return out


def _zip_of(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return out.getvalue()


def _openpyxl_formulas() -> bytes:
    """Saved by a program that writes formulas and calculates nothing."""
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    book["Biểu 01"]["F10"] = "=F9*2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _billion_laughs() -> bytes:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode()
    return edited(workbook(), SHEET1, b"<worksheet", doctype + b"<worksheet")


def _bomb() -> bytes:
    return repacked(workbook(), {"xl/media/image1.png": b"\0" * 60_000_000})


def _lying_bomb() -> bytes:
    """Its directory says that the large part is small."""
    content = bytearray(repacked(workbook(), {"bomb": b" " * 30_000_000}))
    size = (30_000_000).to_bytes(4, "little")
    while (place := content.find(size)) >= 0:
        content[place : place + 4] = (1000).to_bytes(4, "little")
    return bytes(content)


def _external_link() -> bytes:
    link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    cell, linked = b'<c r="F9"><v>12034</v></c>', b'<c r="F9"><f>[1]Sheet1!B2</f><v>1</v></c>'
    return repacked(edited(workbook(), SHEET1, cell, linked), {"xl/externalLinks/externalLink1.xml": link})


def _linked_picture() -> bytes:
    rels = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
        b'Target="http://203.0.113.9/x.png" TargetMode="External"/></Relationships>'
    )
    return repacked(workbook(), {"xl/worksheets/_rels/sheet1.xml.rels": rels})


def _hyperlink(book: Any, page: Any) -> None:
    page.write_url("H9", "https://quangngai.gov.vn", string="xem")


def _ole(*names: str) -> bytes:
    """The beginning of an OLE container and the names of its streams, as old Office writes them."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + b"".join(n.encode("utf-16-le") for n in names)


def _hide(book: Any, page: Any) -> None:
    book.add_worksheet("Trang bìa").write("A1", "bìa")
    book.worksheets()[1].activate()
    book.worksheets()[1].set_first_sheet()
    page.hide()


def _hidden_second(book: Any, page: Any) -> None:
    extra = book.add_worksheet("Biểu 01 nháp")
    extra.write("A1", "nháp")
    extra.hide()


def _totals(value: Any, label: str = "Tổng cộng") -> Callable[[], bytes]:
    rows = [list(ROWS[0]), list(ROWS[2]), [None, label, None, None, None, value, None, None]]
    return lambda: workbook(rows)


def _percent(book: Any, page: Any) -> None:
    page.write_number("F9", 0.855, book.add_format({"num_format": "0.0%"}))


def _second_header(book: Any, page: Any) -> None:
    page.write("I7", "Trong tháng")
    page.merge_range("I6:J6", "Thực hiện")
    page.write("J7", "khác")


def _far_cell(book: Any, page: Any) -> None:
    page.write("XFD1048576", "x")


def _unit_in_header(unit: str) -> Callable[[Any, Any], None]:
    def change(book: Any, page: Any) -> None:
        page.write("F7", f"Trong tháng ({unit})")

    return change


WITH_UNIT = {
    "columns": [
        {"name": "line_code", "headers": ["Mã số"]},
        {"name": "month_value", "headers": ["Trong tháng"], "unit": "triệu đồng"},
    ],
    "totals": None,
}
_GROUPS = [
    *([None, "I. DÂN SỐ", None, None, None, None, None, None],),
    list(ROWS[0]),
    [None] * 8,
    [None, "II. NGÂN SÁCH", None, None, None, None, None, None],
    list(ROWS[1]),
]

CASES: tuple[Case, ...] = (
    # Odd, but good.
    Case(
        "as it should be",
        workbook,
        Read(
            4,
            {
                "NS01": {
                    "month_value": "1234,56",
                    "plan": "9500,5",
                    "_cell": "F10",
                    "_row_in_file": "10",
                    "unit_name": "triệu đồng",
                },
                "DS01": {
                    "month_value": "12034",
                    "commune_code": "21025",
                    "period_code": "2026-M09",
                    "_sheet": "Biểu 01",
                },
                "NG01": {"note": "30/09/2026"},
            },
            remarks=("1 rows left out: column numbers", "1 rows left out: below the table"),
        ),
    ),
    Case("number as text", _form(F10="1.234,56"), Read(4, {"NS01": {"month_value": "1.234,56"}})),
    Case(
        "missing markers stay as written",
        _form(F9="…", F10="-", F11="x"),
        Read(4, {"DS01": {"month_value": "…"}, "NS01": {"month_value": "-"}}),
    ),
    Case(
        "date as text beside real dates",
        _form(H11="01/09/2026"),
        Read(4, {"XH01": {"note": "01/09/2026"}, "NG01": {"note": "30/09/2026"}}),
    ),
    Case(
        "unit code lost its zeros",
        lambda: workbook(unit_code=4),
        Read(4, {"DS01": {"commune_code": "00004"}}),
        NAME.replace("21025", "00004"),
    ),
    Case(
        "unit code as a number",
        lambda: workbook(unit_code=21025),
        Read(4, {"DS01": {"commune_code": "21025"}}),
    ),
    Case(
        "float noise",
        _form(F9=0.1 + 0.2, F10=1e14 + 0.5),
        Read(4, {"DS01": {"month_value": "0,3"}, "NS01": {"month_value": "100000000000000"}}),
    ),
    Case("percentage format", _changed(_percent), Read(4, {"DS01": {"month_value": "85,5%"}})),
    Case(
        "group headings and blank rows",
        lambda: workbook(_GROUPS),
        Read(2, {"NS01": {"_row_in_file": "13"}}, remarks=("2 rows left out: heading",)),
    ),
    Case("total that adds up", _totals(12176), Read(2, remarks=("1 rows left out: total",))),
    Case("total called Cộng", _totals("12.176", "CỘNG:"), Read(2, remarks=("1 rows left out: total",))),
    Case(
        "hidden row",
        _changed(lambda book, page: page.set_row(9, None, None, {"hidden": True})),
        Read(4, remarks=("1 rows left out: hidden, but read",)),
    ),
    Case(
        "hidden draft beside",
        _changed(_hidden_second),
        Read(4, remarks=("the hidden sheet 'Biểu 01 nháp' was not read",)),
    ),
    Case("hyperlink in a cell", _changed(_hyperlink), Read(4, {"DS01": {"note": "xem"}})),
    Case(
        "highland names survive",
        _form(B9="Đăk Tơ Kan, Ngọk Bay, KRoong"),
        Read(4, {"DS01": {"line_name": "Đăk Tơ Kan, Ngọk Bay, KRoong"}}),
    ),
    Case(
        "formula never calculated",
        _openpyxl_formulas,
        Read(
            4,
            {"NS01": {"month_value": "=F9*2"}},
            notes=("sheet 'Biểu 01', cell F10: the formula =F9*2 has no calculated value",),
        ),
    ),
    Case(
        "formula with its value",
        _changed(lambda book, page: page.write_formula("F10", "=F9*2", None, 24068)),
        Read(4, {"NS01": {"month_value": "24068"}}),
    ),
    Case(
        "error in a cell",
        _changed(lambda book, page: page.write_formula("G9", "=1/0", None, "#DIV/0!")),
        Read(
            4,
            {"DS01": {"year_value": "#DIV/0!"}},
            notes=("sheet 'Biểu 01', cell G9: the formula's result is the error #DIV/0!",),
        ),
    ),
    Case(
        "lost reference",
        _changed(lambda book, page: page.write_formula("F9", "=#REF!+1", None, "#REF!")),
        Read(4, notes=("sheet 'Biểu 01', cell F9: the formula's result is the error #REF!",)),
    ),
    Case(
        "unit in the header as agreed",
        _changed(_unit_in_header("trđ")),
        Read(3, {"NS01": {"month_value": "1234,56"}}),
        form=WITH_UNIT | {"row_needs": ["month_value"]},
    ),
    Case(
        "CSV, UTF-8 with mark",
        _text(csv_text(), "utf-8-sig"),
        Read(2, {"NS01": {"month_value": "1.234,56", "_cell": "F6"}}),
        CSV_NAME,
    ),
    Case(
        "CSV, UTF-16",
        _text(csv_text(separator="\t"), "utf-16"),
        Read(2, {"DS01": {"line_name": "Dân số trung bình"}}),
        CSV_NAME,
    ),
    Case(
        "CSV, Windows-1258",
        _windows_1258,
        Read(2, {"NS01": {"unit_name": "triệu đồng", "note": "ước tính"}}),
        CSV_NAME,
    ),
    Case(
        "CSV, quoted line breaks",
        _text(
            csv_text(
                [
                    *CSV_LINES[:4],
                    _line("1", '"Dân số\r\ntrung ""bình"""', "DS01", "người", "1", "2", "3", '"a;b"'),
                ]
            )
        ),
        Read(1, {"DS01": {"line_name": 'Dân số\r\ntrung "bình"', "note": "a;b"}}),
        CSV_NAME,
    ),
    Case(
        "CSV, commas and plain line ends",
        _text(csv_text([[c.replace(",", ".") for c in line] for line in CSV_LINES], ",", "\n")),
        Read(2),
        CSV_NAME,
    ),
    # Broken.
    Case(
        "total that does not add up",
        _totals(12177),
        Refused("wrong_total", "says 12177, its rows add up to 12176", "Biểu 01", "F11"),
    ),
    Case("no such sheet", lambda: workbook(sheet="Sheet1"), Refused("no_sheet", "there are: 'Sheet1'")),
    Case(
        "sheet is hidden",
        _changed(_hide),
        Refused("hidden_sheet", "the sheet 'Biểu 01' is hidden", "Biểu 01"),
    ),
    Case(
        "column is missing",
        lambda: edited(workbook(), "xl/sharedStrings.xml", "Mã số".encode(), b"MS"),
        Refused("no_table", "lacks the column 'Mã số'", "Biểu 01", "A7"),
    ),
    Case(
        "column twice",
        _changed(_second_header),
        Refused("ambiguous_table", "could be F7 and I7", "Biểu 01", "I7"),
    ),
    Case(
        "another unit in the header",
        _changed(_unit_in_header("tỷ đồng")),
        Refused("wrong_unit", "is in 'tỷ đồng', the form wants 'triệu đồng'", "Biểu 01", "F7"),
        form=WITH_UNIT,
    ),
    Case(
        "other commune inside",
        lambda: workbook(unit_code="21028"),
        Refused(
            "contradiction",
            "the sheet says commune_code '21028', the file's name says '21025'",
            "Biểu 01",
            "C3",
        ),
    ),
    Case(
        "other month inside",
        lambda: workbook(month="Tháng 8 năm 2026"),
        Refused("contradiction", "'2026-M08'", "Biểu 01", "A2"),
    ),
    Case(
        "unit code left out",
        lambda: workbook(unit_code=None),
        Refused("missing_cell", "'commune_code' is not given: nothing stands beside", "Biểu 01", "A3"),
    ),
    Case(
        "month left out",
        lambda: workbook(month="Tháng ... năm"),
        Refused("missing_cell", "'period_code' is not given", "Biểu 01"),
    ),
    Case("form without a row", lambda: workbook([]), Refused("no_rows", "no row with data", "Biểu 01", "A8")),
    Case(
        "empty sheet",
        lambda: repacked(
            workbook(),
            {
                SHEET1: b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
            },
        ),
        Refused("no_table", "rows of the sheet are empty", "Biểu 01"),
    ),
    Case(
        "name not as agreed", workbook, Refused("wrong_name", "its name is not like"), "Báo cáo tháng 9.xlsx"
    ),
    Case(
        "sheet missing in the archive",
        lambda: repacked(workbook(), {SHEET1: None}),
        Refused("damaged", "is not in the workbook"),
    ),
    Case(
        "XML cut off",
        lambda: repacked(workbook(), {SHEET1: b"<worksheet><sheetData><row r='1'><c r='A1'><v>1"}),
        Refused("damaged", "cannot be read"),
    ),
    Case(
        "bytes flipped",
        lambda: bytes(b ^ 0x55 if 3000 < i < 3400 else b for i, b in enumerate(workbook())),
        Refused("damaged", "damaged"),
    ),
    Case(
        "web page called .xls",
        _text("<html><table><tr><td>STT</td></tr></table></html>"),
        Refused("not_a_workbook", "a web page or XML"),
        NAME.replace(".xlsx", ".xls"),
    ),
    Case("PDF called .xlsx", _text("%PDF-1.7 ..."), Refused("not_a_workbook", "a PDF document")),
    Case("CSV called .xlsx", _text(csv_text()), Refused("not_a_workbook", "holds no workbook")),
    Case(
        "document called .xlsx",
        lambda: _zip_of(**{"[Content_Types].xml": b"<Types/>", "word__document.xml": b"<x/>"}),
        Refused("not_a_workbook", "another kind of document"),
    ),
    Case(
        "CSV in TCVN3",
        _text("STT;ChØ tiªu;M· sè\r\n1;D©n sè;DS01\r\n", "latin-1"),
        Refused("encoding", "TCVN3"),
        CSV_NAME,
    ),
    Case(
        "CSV with bytes of no meaning",
        lambda: csv_text().encode() + b"\xff\xfe\x8a\x00",
        Refused("encoding", "utf-8"),
        CSV_NAME,
    ),
    Case("CSV without a table", _text("a;b\r\n1;2\r\n"), Refused("no_table", "has a header like"), CSV_NAME),
    # Half there.
    Case("cut while it was sent", lambda: workbook()[:-200], NotReady("no end")),
    Case("nothing in it yet", lambda: b"", NotReady("empty")),
    Case("lock file of Excel", lambda: b"\x05admin", NotReady("still being written"), "~$" + NAME),
    Case("upload in progress", lambda: workbook()[:500], NotReady("still being written"), NAME + ".part"),
    # Hostile.
    Case(
        "macros by name",
        workbook,
        Refused("macro", "a .xlsm file may hold macros"),
        NAME.replace("xlsx", "xlsm"),
    ),
    Case(
        "macros inside",
        lambda: repacked(workbook(), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
        Refused("macro", "holds macros (xl/vbaProject.bin)"),
    ),
    Case(
        "macros declared",
        lambda: edited(
            workbook(), "[Content_Types].xml", b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"
        ),
        Refused("macro", "declared to hold macros"),
    ),
    Case(
        "old workbook with macros",
        lambda: _ole("Workbook", "_VBA_PROJECT_CUR"),
        Refused("macro", "holds macros"),
        NAME.replace("xlsx", "xls"),
    ),
    Case(
        "locked with a password",
        lambda: _ole("EncryptionInfo", "EncryptedPackage"),
        Refused("encrypted", "locked with a password"),
    ),
    Case(
        "link to another workbook",
        _external_link,
        Refused("external_link", "takes values from other files", "Biểu 01", "F9"),
    ),
    Case(
        "picture from the network",
        _linked_picture,
        Refused("external_link", "fetches something from elsewhere"),
    ),
    Case(
        "data connection",
        lambda: repacked(workbook(), {"xl/connections.xml": b"<connections/>"}),
        Refused("data_connection", "fetches data from elsewhere"),
    ),
    Case(
        "embedded object",
        lambda: repacked(workbook(), {"xl/embeddings/oleObject1.bin": b"x"}),
        Refused("embedded_object", "embedded object"),
    ),
    Case(
        "archive inside",
        lambda: repacked(workbook(), {"xl/media/image1.png": _zip_of(a=b"x")}),
        Refused("nested_file", "is an archive"),
    ),
    Case("archive of forms", lambda: _zip_of(**{NAME: workbook()}), Refused("nested_file", "is an archive")),
    Case(
        "path out of the folder",
        lambda: repacked(workbook(), {"../../../etc/cron.d/x": b"x"}),
        Refused("unsafe_name", "outside of its folder"),
    ),
    Case("entities that grow", _billion_laughs, Refused("unsafe_xml", "declares entities")),
    Case(
        "part in UTF-16",
        lambda: repacked(workbook(), {SHEET1: "<worksheet/>".encode("utf-16")}),
        Refused("unsafe_xml", "not written in UTF-8"),
    ),
    Case("bomb", _bomb, Refused("bomb", "unpacks to far more")),
    Case("bomb that lies about its size", _lying_bomb, Refused("damaged", "archive is damaged")),
    Case(
        "too many parts",
        lambda: repacked(workbook(), {f"xl/p{i}.xml": b"<x/>" for i in range(2100)}),
        Refused("bomb", "parts, more than 2000"),
    ),
    Case(
        "giant sheet",
        _changed(_far_cell),
        Refused("bomb", "reach over 1,048,576 rows and 16,384 columns", "Biểu 01", "XFD1048576"),
    ),
    Case(
        "command in CSV",
        _text(csv_text([*CSV_LINES, _line("3", "=cmd|' /C calc'!A0", "X", "", "", "1", "", "")])),
        Refused("external_link", "DDE", None, "B7"),
        CSV_NAME,
    ),
)
"""Names say what people would say of the file."""

WRITTEN_LATER = datetime(2026, 10, 3, 8, 0)

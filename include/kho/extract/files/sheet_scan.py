"""What a sheet's XML says that the reading library keeps to itself.

In: a workbook that proved harmless. Out: for each sheet a `Scan`: cells whose formula was never
calculated, cells with an error, cells shown as percentages, hidden rows, and how far the cells reach.
The XML is read as a stream by patterns, not as a tree: a sheet of a hundred thousand rows takes a second.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kho.contracts.sources.files import Limits
from kho.extract.files.refusal import FileRefused, Place

PIECE = 1 << 20
_LONGEST_CELL = 4 << 20
_LARGEST_INDEX = 16 << 20
_P = rb"(?:\w+:)?"
_REF = rb"\br=[\"']([A-Z]{1,3}\d{1,7})[\"']"
_COLUMN = re.compile(rb"\br=[\"']([A-Z]{1,3})\d")
_PREFIXED = re.compile(rb"<\w+:c[\s/>]")
_ROW_NUMBER = re.compile(rb"\br=[\"'](\d{1,9})[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_MOST_COLUMNS = 16_384
_ROW = re.compile(rb"<" + _P + rb"row\s([^>]*)>")
_ERROR = re.compile(
    rb"<" + _P + rb"c\s(?=[^>]*\bt=[\"']e[\"'])[^>]*?" + _REF + rb"[^>]*>(?:(?!</" + _P + rb"c>).)*?"
    rb"<" + _P + rb"v>([^<]*)</",
    re.DOTALL,
)
_UNCALCULATED = re.compile(
    rb"<" + _P + rb"c\s(?![^>]*\bt=[\"']str[\"'])[^>]*?" + _REF + rb"[^>/]*>\s*"
    rb"<" + _P + rb"f(?:\s[^>]*?)?(?:/>|>([^<]*)</" + _P + rb"f>)\s*"
    rb"(?:<" + _P + rb"v\s*/>|<" + _P + rb"v>\s*</" + _P + rb"v>)?\s*</" + _P + rb"c>"
)
_LINKED = re.compile(rb"<" + _P + rb"c\s[^>]*?" + _REF + rb"[^>]*>\s*<" + _P + rb"f[^>]*>[^<]*\[\d+\]")


@dataclass
class Scan:
    """What is known of a sheet beside its values; cells by (row, column), both from 0."""

    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    percents: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    rows: int = 0
    columns: int = 0
    rows_seen: int = 0


def parts(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The parts of an archive, each as a stream of pieces; damage becomes a refusal."""
    with _damage_refused(), zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            yield entry.filename, _pieces(archive, entry)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with _damage_refused(), archive.open(entry) as part:
        while piece := part.read(PIECE):
            yield piece


@contextmanager
def _damage_refused() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise FileRefused("damaged", f"the archive is damaged: {error}") from error


def scan_sheets(path: Path, limits: Limits) -> dict[str, Scan]:
    """The scan of each sheet, by its name.

    Raises:
        FileRefused: a sheet reaches too far, or the workbook does not say which sheets it has.
    """
    with zipfile.ZipFile(path) as archive:
        sheets = _sheet_parts(archive)
        percents = _percent_pattern(archive)
        return {name: _scan(archive, part, name, percents, limits) for name, part in sheets.items()}


def linked_cell(path: Path) -> Place:
    """The first cell whose formula reaches into another file, as far as it can be found."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, part in _sheet_parts(archive).items():
                for text in _cells(archive, part, name):
                    if found := _LINKED.search(text):
                        return Place(name, found[1].decode())
    except (FileRefused, KeyError, zipfile.BadZipFile):
        pass
    return Place()


def address(row: int, column: int) -> str:
    """The cell's name as the sender sees it: (6, 3) is D7."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def position(reference: str) -> tuple[int, int]:
    """Row and column of a cell's name, both from 0."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1


def _scan(
    archive: zipfile.ZipFile, part: str, name: str, percents: re.Pattern[bytes] | None, limits: Limits
) -> Scan:
    scan = Scan()
    for text in _cells(archive, part, name):
        _measure(scan, text)
        for found in _ERROR.finditer(text):
            scan.errors[position(found[1].decode())] = _plain(found[2])
        if b"<f" in text or b":f" in text:
            for found in _UNCALCULATED.finditer(text):
                scan.formulas[position(found[1].decode())] = "=" + _plain(found[2] or b"")
        if percents:
            scan.percents.update(position(found[1].decode()) for found in percents.finditer(text))
        if scan.rows * scan.columns > limits.cells or scan.rows > 1_048_576:
            raise FileRefused(
                "bomb",
                f"its cells reach over {scan.rows:,} rows and {scan.columns:,} columns, "
                f"more than {limits.cells:,} cells",
                sheet=name,
                cell=address(scan.rows - 1, scan.columns - 1),
            )
    return scan


def _measure(scan: Scan, text: bytes) -> None:
    """How far the cells reach, and which rows are hidden."""
    rows = _ROW.findall(text)
    for row in rows if b"hidden" in text else rows[-1:]:
        number = _ROW_NUMBER.search(row)
        scan.rows = max(scan.rows, int(number[1])) if number else scan.rows
        if _HIDDEN.search(row):
            scan.hidden_rows.add(scan.rows - 1)
    scan.rows_seen += len(rows)
    scan.rows = max(scan.rows, scan.rows_seen)
    letters = _COLUMN.findall(text)
    cells = text.count(b"<c ") + text.count(b"<c>") + text.count(b"<c/>") + len(_PREFIXED.findall(text))
    if cells > len(letters):
        # Cells that do not say where they are: as many columns as a sheet can have.
        scan.columns = _MOST_COLUMNS
    elif letters:
        widest = max(set(letters), key=lambda one: (len(one), one))
        scan.columns = max(scan.columns, position(f"{widest.decode()}1")[1] + 1)


def _cells(archive: zipfile.ZipFile, part: str, sheet: str) -> Iterator[bytes]:
    """The sheet's XML in pieces that end where a cell ends."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            text = rest + piece
            end = max(text.rfind(b"</c>") + 4, text.rfind(b"</row>") + 6, text.rfind(b":c>") + 3)
            if end <= 6:
                if len(text) > _LONGEST_CELL:
                    raise FileRefused("bomb", "a cell is longer than any sheet allows", sheet=sheet)
                rest = text
                continue
            yield text[:end]
            rest = text[end:]
    if rest:
        yield rest


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the archive that holds each worksheet, by the sheet's name."""
    names = {name.casefold(): name for name in archive.namelist()}
    book = _whole(archive, names["xl/workbook.xml"])
    rels_name = names.get("xl/_rels/workbook.xml.rels")
    targets: dict[str, str] = {}
    for found in re.finditer(
        rb"<(?:\w+:)?Relationship\s([^>]*)>", _whole(archive, rels_name) if rels_name else b""
    ):
        values = _attributes(found[1])
        target = posixpath.normpath(posixpath.join("/xl", values.get("Target", ""))).lstrip("/")
        if values.get("Type", "").endswith("/worksheet"):
            targets[values.get("Id", "")] = names.get(target.casefold(), target)
    sheets: dict[str, str] = {}
    for found in re.finditer(rb"<(?:\w+:)?sheet\s([^>]*)>", book):
        values = _attributes(found[1])
        reference = next((values[key] for key in values if key.endswith(":id")), "")
        if reference in targets:
            if targets[reference] not in archive.namelist():
                raise FileRefused("damaged", f"the sheet '{values.get('name')}' is not in the workbook")
            sheets[values.get("name", "")] = targets[reference]
    return sheets


def _percent_pattern(archive: zipfile.ZipFile) -> re.Pattern[bytes] | None:
    """Finds the cells whose number format shows a percentage; None if the workbook has none."""
    name = next((name for name in archive.namelist() if name.casefold() == "xl/styles.xml"), None)
    if name is None:
        return None
    styles = _whole(archive, name)
    formats = {"9", "10"}
    for found in re.finditer(rb"<(?:\w+:)?numFmt\s([^>]*)>", styles):
        values = _attributes(found[1])
        if "%" in re.sub(r'"[^"]*"|\\.', "", values.get("formatCode", "")):
            formats.add(values.get("numFmtId", ""))
    block = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    used = [
        str(index).encode()
        for index, found in enumerate(re.finditer(rb"<(?:\w+:)?xf\s([^>]*)>", block[0] if block else b""))
        if _attributes(found[1]).get("numFmtId") in formats
    ]
    if not used:
        return None
    any_used = b"|".join(used)
    return re.compile(rb"<" + _P + rb"c\s(?=[^>]*\bs=[\"'](?:" + any_used + rb")[\"'])[^>]*?" + _REF)


def _whole(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part that is small in every honest workbook."""
    with archive.open(name) as part:
        text = part.read(_LARGEST_INDEX + 1)
    if len(text) > _LARGEST_INDEX:
        raise FileRefused("bomb", f"its part {name} is larger than {_LARGEST_INDEX:,} bytes")
    return text


def _attributes(text: bytes) -> dict[str, str]:
    found = re.findall(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text)
    return {name.decode(): _plain(double or single) for name, double, single in found}


def _plain(text: bytes) -> str:
    return html.unescape(text.decode("utf-8", "replace"))

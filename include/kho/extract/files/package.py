"""Test a file for danger before any library reads it.

In: a file on disk that a stranger sent. Out: what it is (`xlsx`, `xls` or `text`), or `FileRefused`.
Every part of a workbook is unpacked once, a piece at a time, and counted as it comes: what the archive
says of its own sizes proves nothing.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Literal

from kho.contracts.sources.files import Limits
from kho.extract.files.refusal import FileNotReady, FileRefused, Place, Reason
from kho.extract.files.sheet_scan import linked_cell, parts

Kind = Literal["xlsx", "xls", "text"]

_SMALL_PART = 1_000_000
_OVERLAP = 400
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_OTHER = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}
_FORBIDDEN_PARTS: tuple[tuple[str, Reason, str], ...] = (
    (r"vbaproject\.bin$|/macrosheets/|/vbadata\.xml$", "macro", "it holds macros"),
    (r"/externallinks/", "external_link", "it takes values from other files"),
    (r"/connections\.xml$|/querytables?/", "data_connection", "it fetches data from elsewhere"),
    (r"/embeddings/|/activex/|/oleobject", "embedded_object", "it holds an embedded object"),
    (r"\.(zip|rar|7z|gz|xlsx|xlsm|xls|docx?|exe|dll|js|vbs|bat)$", "nested_file", "it holds another file"),
)
_EXTERNAL = re.compile(
    rb"<(?:\w+:)?Relationship\s[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE
)
_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def examine(path: Path, name: str, limits: Limits) -> Kind:
    """What the file is, once it has proved harmless; `name` is how its sender called it.

    Raises:
        FileRefused: it is dangerous, or nothing that is read here.
        FileNotReady: it ends before it should, as while it is being sent.
    """
    if path.stat().st_size == 0:
        raise FileNotReady("the file is empty")
    with path.open("rb") as file:
        head = file.read(4096)
    extension = name.rpartition(".")[2].casefold()
    if extension in {"xlsm", "xltm", "xlsb", "xlam"}:
        raise FileRefused("macro", f"a .{extension} file may hold macros and is never opened")
    if head.startswith(_OLE):
        return _examine_ole(path)
    if head.startswith(_ZIP) or head[:2] == b"PK":
        _examine_zip(path, limits)
        return "xlsx"
    for magic, what in _OTHER.items():
        if head.startswith(magic):
            raise FileRefused("not_a_workbook", f"it is {what}, not a form")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta")):
        raise FileRefused("not_a_workbook", "it is a web page or XML under the name of a spreadsheet")
    if extension not in {"csv", "txt", "tsv"}:
        raise FileRefused("not_a_workbook", f"its name ends in .{extension}, but it holds no workbook")
    return "text"


def _examine_ole(path: Path) -> Kind:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileRefused("encrypted", "the workbook is locked with a password")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise FileRefused("macro", "the workbook holds macros")
    raise FileRefused("other_format", "it is an old Excel workbook (.xls, Excel 97-2003)")


def _examine_zip(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FileNotReady(f"the archive has no end: {error}") from error
    if len(entries) > limits.entries:
        raise FileRefused("bomb", f"it has {len(entries)} parts, more than {limits.entries}")
    names = [entry.filename for entry in entries]
    if len({name.casefold() for name in names}) != len(names):
        raise FileRefused("unsafe_name", "two of its parts have the same name")
    for entry in entries:
        _examine_name(entry)
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise FileRefused("bomb", f"unpacked it would take more than {limits.unpacked_bytes:,} bytes")
    _examine_contents(path, {entry.filename: entry.compress_size for entry in entries}, limits)
    _examine_parts(path, names)


def _examine_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    unsafe = "\\" in name or "\x00" in name or name.startswith("/") or re.match(r"^[A-Za-z]:", name)
    if unsafe or ".." in name.split("/"):
        raise FileRefused("unsafe_name", f"a part would be written outside of its folder: {name[:80]!r}")
    if entry.flag_bits & 0x1:
        raise FileRefused("encrypted", "its parts are locked with a password")


def _examine_parts(path: Path, names: list[str]) -> None:
    """Refuse parts that a form has no need of, and archives that are no workbook."""
    for name in names:
        for pattern, reason, message in _FORBIDDEN_PARTS:
            if re.search(pattern, "/" + name.casefold()):
                place = linked_cell(path) if reason == "external_link" else Place()
                raise FileRefused(reason, f"{message} ({name[:80]})", sheet=place.sheet, cell=place.cell)
    lowered = {name.casefold() for name in names}
    if "[content_types].xml" not in lowered:
        raise FileRefused("nested_file", "it is an archive, not a workbook")
    if "xl/workbook.xml" not in lowered:
        raise FileRefused("not_a_workbook", "it is another kind of document, not a workbook")


def _examine_contents(path: Path, packed: dict[str, int], limits: Limits) -> None:
    total = 0
    for name, pieces in parts(path):
        unpacked = 0
        overlap = b""
        is_xml = name.casefold().endswith((".xml", ".rels", ".vml"))
        for number, piece in enumerate(pieces):
            unpacked += len(piece)
            total += len(piece)
            grown = unpacked > _SMALL_PART and unpacked > limits.unpacked_ratio * max(packed[name], 1)
            if grown or total > limits.unpacked_bytes:
                raise FileRefused("bomb", f"its part {name[:80]} unpacks to far more than its size says")
            if number == 0 and piece.startswith(_ZIP):
                raise FileRefused("nested_file", f"its part {name[:80]} is an archive")
            if is_xml:
                _examine_xml(name, overlap + piece, first=number == 0)
                overlap = piece[-_OVERLAP:]


def _examine_xml(name: str, text: bytes, *, first: bool) -> None:
    if first and (text[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in text[:64]):
        raise FileRefused("unsafe_xml", f"its part {name} is not written in UTF-8")
    if b"<!" in text and _ENTITIES.search(text):
        raise FileRefused("unsafe_xml", f"its part {name} declares entities, which can grow without end")
    if name.casefold() == "[content_types].xml" and b"macroEnabled" in text:
        raise FileRefused("macro", "its parts are declared to hold macros")
    if name.casefold().endswith(".rels"):
        for found in _EXTERNAL.finditer(text):
            if b"/hyperlink" not in found[0]:
                raise FileRefused("external_link", f"it fetches something from elsewhere ({name})")

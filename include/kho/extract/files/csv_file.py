"""Read a CSV file as a sheet: its encoding, its separator, its quoted line breaks.

In: a text file on disk. Out: one `Sheet` of texts. The encoding is that of the byte order mark, or the
first declared one in which every byte has a meaning and the text has no control characters.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from kho.contracts.sources.files import Limits
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import Sheet, Value

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ";,\t|"
_LARGEST_FIELD = 1 << 20
_FIRST_OF_COMMAND = frozenset("=+-@")
_COMMAND = re.compile(r"^[=+\-@].*\|.*!", re.DOTALL)
_TCVN3 = re.compile(r"[a-z][§¨©®µ¶·¸¹»¼½¾]|[®§][a-z]", re.IGNORECASE)
"""Letters of the old TCVN3 (ABC) fonts, as they look when taken for another one-byte encoding."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u0080-\u009f\ufffd]")


def read_csv(path: Path, encodings: Sequence[str], limits: Limits) -> Sheet:
    """The file as a sheet of texts.

    Raises:
        FileRefused: its encoding is none of the declared ones, or a cell holds a command.
    """
    encoding = _encoding(path, encodings)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(64 * 1024)
    return Sheet("", _rows(path, encoding, _separator(sample), limits))


def _encoding(path: Path, encodings: Sequence[str]) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    for mark, marked in _MARKS:
        if head.startswith(mark):
            return _proved(path, marked)
    reasons = []
    for encoding in encodings:
        try:
            return _proved(path, encoding)
        except FileRefused as refused:
            reasons.append(refused.message)
    raise FileRefused("encoding", "; ".join(reasons) or "no encoding is declared")


def _proved(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while piece := file.read(1 << 20):
                if _CONTROL.search(piece):
                    raise FileRefused("encoding", f"read as {encoding}, the text has control characters")
                if not encoding.startswith("utf") and _TCVN3.search(piece):
                    raise FileRefused(
                        "encoding", "the text seems to be in TCVN3 (ABC), which is never guessed"
                    )
    except UnicodeError as error:
        raise FileRefused("encoding", f"the text is not {encoding}: {error}") from error
    return encoding


def _separator(sample: str) -> str:
    """The separator that splits most lines into the same number of fields, above one."""
    best, score = ",", (0, 0)
    for separator in _SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator))
        same = max(((lines, width) for width, lines in widths.items() if width > 1), default=(0, 0))
        if same > score:
            best, score = separator, same
    return best


def _rows(path: Path, encoding: str, separator: str, limits: Limits) -> Iterator[list[Value]]:
    csv.field_size_limit(_LARGEST_FIELD)
    cells = 0
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            for number, row in enumerate(reader):
                cells += len(row)
                if cells > limits.cells:
                    place = address(number, 0)
                    raise FileRefused("bomb", f"it has more than {limits.cells:,} cells", cell=place)
                for column, text in enumerate(row):
                    if text[:1] in _FIRST_OF_COMMAND and _COMMAND.match(text):
                        place = address(number, column)
                        raise FileRefused("external_link", "the cell calls a program (DDE)", cell=place)
                yield [*(map(_composed, row) if encoding == "windows-1258" else row)]
        except csv.Error as error:
            place = address(reader.line_num - 1, 0)
            raise FileRefused("damaged", f"the line cannot be read: {error}", cell=place) from error


def _composed(text: str) -> str:
    """Windows-1258 writes tone marks as letters of their own."""
    return unicodedata.normalize("NFC", text)

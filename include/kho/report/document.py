"""The report as a document: paragraphs, tables and charts in reading order, before any format.

In: what `kho.report.compose` writes. Out: a frozen tree of blocks that every format renders as it stands, so
that a number is put into words once. Texts are harmless here: NFC, one line, no control or direction
characters; a format has only to escape what its own syntax needs.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kho.report.config import Letterhead

LEFT, CENTRE, RIGHT = "left", "center", "right"
Value = int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line in one style; `small` is a side remark, `technical` a machine's own words."""

    text: str
    bold: bool = False
    italic: bool = False
    small: bool = False
    technical: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 2: '1.' in bold; 3: 'a)' regular. Sections themselves are level 1, 'I.' in capitals."""

    level: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A justified paragraph; a `note` is set smaller, without an indent."""

    line: Line
    note: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """A few large numbers side by side, each with its caption."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `width` in millimetres, 0 for a share of what is left."""

    title: str
    width: float = 0
    align: str = LEFT


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its lines, one below the other.

    Attributes:
        number: the number that the first line shows, for formats that calculate.
        day: the same, where it is a date.
        band: 'green', 'amber' or 'red': a shade that never stands without its sign.
        span: how many columns it takes.
    """

    lines: tuple[Line, ...]
    number: int | Decimal | None = None
    day: date | None = None
    band: str = ""
    align: str = ""
    span: int = 1

    @property
    def value(self) -> Value:
        """The number or the date."""
        return self.number if self.number is not None else self.day

    @property
    def text(self) -> str:
        """What it says, lines joined by a space."""
        return " ".join("".join(run.text for run in line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `kind` is '', 'sum', 'rest' (what is not listed) or 'apart' (after a thick rule).

    `agency` is the code of the agency that the row is about: what an extract for that agency shows.
    """

    cells: tuple[Cell, ...]
    kind: str = ""
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `name` is how annexes and tests call it. `dense` sets it small: nine columns and more."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    dense: bool = False

    def widths(self, whole: float) -> tuple[float, ...]:
        """The width of each column, in millimetres, of a table that is `whole` wide."""
        open_ones = sum(not column.width for column in self.columns)
        rest = (whole - sum(column.width for column in self.columns)) / max(1, open_ones)
        return tuple(column.width or rest for column in self.columns)


@dataclass(frozen=True, slots=True)
class Series:
    """One panel of a chart: a title and its points, the last of which is tonight's; None is no evidence."""

    title: str
    points: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Small multiples of the same scale, 0 to 100 points; `alt` says the same in words."""

    name: str
    caption: str
    alt: str
    first: str
    last: str
    limits: tuple[Decimal, Decimal]
    series: tuple[Series, ...]


Block = Heading | Paragraph | Figures | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: 'I.' and its title, or an annex with its own pages."""

    label: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes:
        kind: 'daily', 'monthly' or 'quarterly'.
        number: its number as written, empty for a draft.
        subject: the lines under BÁO CÁO.
        data_sha256: hash of the data that it tells.
        changes: of a revision, what differs from the report that it takes the place of.
    """

    kind: str
    as_of: date
    number: str
    place: str
    dated: str
    letterhead: Letterhead
    title: str
    subject: tuple[str, ...]
    opening: Line
    sections: tuple[Section, ...]
    closing: Line
    annexes: tuple[Section, ...]
    data_sha256: str
    changes: Section | None = None

    @property
    def listed_annexes(self) -> tuple[Section, ...]:
        """The annexes of the workbook."""
        return (*self.annexes, self.changes) if self.changes else self.annexes

    @property
    def printed_annexes(self) -> tuple[Section, ...]:
        """The annexes that follow the letter; a night's report is short and has them in the workbook only."""
        annexes = () if self.kind == "daily" else self.annexes
        return (*annexes, self.changes) if self.changes else annexes

    @property
    def parts(self) -> tuple[Section, ...]:
        """Everything that is printed, in order."""
        return (*self.sections, *self.printed_annexes)


def harmless(text: str) -> str:
    """NFC without control, format, private or unassigned characters; spaces of any kind become one."""
    if text.isascii() and text.isprintable():
        return text
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return "".join(kept)


def run(text: str, **style: bool) -> Run:
    """A harmless run."""
    return Run(harmless(text), **style)


def bold(text: str) -> Run:
    return run(text, bold=True)


def small(text: str) -> Run:
    return run(text, small=True)


def line(*parts: str | Run) -> Line:
    """A line of texts and runs; empty texts vanish."""
    runs = (part if isinstance(part, Run) else run(part) for part in parts)
    return tuple(part for part in runs if part.text)


def paragraph(*parts: str | Run) -> Paragraph:
    return Paragraph(line(*parts))


def note(*parts: str | Run) -> Paragraph:
    return Paragraph(line(*parts), note=True)


def cell(
    *lines: str | Run | Line, value: Value = None, band: str = "", align: str = "", span: int = 1
) -> Cell:
    """A cell; each argument is a line of its own, empty ones vanish."""
    whole = tuple(item if isinstance(item, tuple) else line(item) for item in lines)
    on = value if isinstance(value, date) else None
    number = None if isinstance(value, date) else value
    return Cell(tuple(item for item in whole if item), number, on, band, align, span)

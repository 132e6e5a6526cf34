"""Find the header of a form that no contract describes yet.

In: a grid. Out: `Header`: the rows it stands in, the headings of each column from top to bottom, and where
the data begins. The header is the highest row from which every column that holds data is named, each
differently; the rows above it belong to it where merged cells, or group names, tie them to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kho.authoring.form_sheets import Grid
from kho.contracts.sources.files import Form
from kho.extract.files.matching import folded
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import Merge, Value
from kho.extract.files.tables import DEEPEST_HEADER, Texts, header_paths, is_column_numbers, sheet_texts

SEARCHED = 60
_LOOKED_AT = 40
_LONGEST_HEADING = 150
_SPARSE = 0.2
"""A column that fewer rows than this share fill is a remark, not a column."""

_NUMBER = re.compile(r"\(?[+-]?[\d.,\s]*\d\s*%?\)?")
_REMARK = re.compile(r"(?i)^\s*\(.*\)\s*$|(đơn vị tính|đvt)\s*:")
"""What stands above a header and is no group of it: a unit for all, a note in brackets."""

_YEAR = re.compile(r"(19|20)\d{2}")
_ENDS = tuple(map(folded, Form.model_fields["ends_at"].default))
IGNORED = frozenset(map(folded, Form.model_fields["ignored_headers"].default))


@dataclass(frozen=True)
class Header:
    """Where a table is; rows and columns from 0.

    Attributes:
        paths: by column, its headings from the outermost to its own.
    """

    top: int
    bottom: int
    paths: dict[int, tuple[str, ...]]
    first_row: int
    nameless: tuple[int, ...]
    """Columns that hold something and have no heading."""

    @property
    def place(self) -> str:
        rows = (
            f"row {self.bottom + 1}" if self.top == self.bottom else f"rows {self.top + 1}-{self.bottom + 1}"
        )
        return (
            f"header in {rows}, columns {address(0, min(self.paths))[:-1]}-{address(0, max(self.paths))[:-1]}"
        )


def find_header(grid: Grid) -> Header | None:
    """The header of a grid's table; None if it has none."""
    texts = sheet_texts(grid.rows, grid.merges)
    best: tuple[int, Header] | None = None
    for bottom in range(min(SEARCHED, len(texts) - 1)):
        found = _header(grid, texts, bottom)
        if found and (best is None or found[0] > best[0]):
            best = found
    return best[1] if best else None


def _header(grid: Grid, texts: Texts, bottom: int) -> tuple[int, Header] | None:
    row = texts[bottom]
    if not any(row) or is_column_numbers(grid.rows[bottom]) or not _is_heading_row(row):
        return None
    if any(top <= bottom < end for (top, left), (end, _) in grid.merges if texts[top][left]):
        return None
    below = _data_below(grid, bottom)
    if not below:
        return None
    filled = [_share(below, column) for column in range(len(row))]
    depth = _depth(grid, texts, bottom)
    paths = header_paths(texts, grid.merges, bottom, depth)
    named = {
        column: tuple(" ".join(part.split()) for part in path)
        for column, path in enumerate(paths)
        if path and (row[column] or depth > 1)
    }
    used = {column: path for column, path in named.items() if filled[column] or len(named) > 1}
    if len(used) < 2 or len(set(used.values())) < len(used):
        return None
    nameless = tuple(c for c in range(len(row)) if filled[c] >= _SPARSE and c not in named)
    covered = sum(1 for column in used if filled[column])
    if covered < 2:
        return None
    return covered - 2 * len(nameless), Header(bottom - depth + 1, bottom, used, bottom + 1, nameless)


def _is_heading_row(row: Sequence[str]) -> bool:
    """Only words, or years under a heading of words; nothing that reads like a value or a label."""
    held = [text for text in row if text]
    words = [text for text in held if re.search(r"[^\W\d_]", text)]
    numbers = [text for text in held if _NUMBER.fullmatch(text) and not _YEAR.fullmatch(text)]
    long = any(len(text) > _LONGEST_HEADING for text in held)
    label = any(text.rstrip().endswith(":") for text in held)
    return bool(words) and not numbers and not long and not label


def _data_below(grid: Grid, bottom: int) -> list[Sequence[Value]]:
    """The first rows of data below, without blank ones and the one that numbers the columns."""
    found: list[Sequence[Value]] = []
    for row in grid.rows[bottom + 1 :]:
        held = [value for value in row if is_held(value)]
        if not held or is_column_numbers(row):
            continue
        if any(isinstance(value, str) and ends_table(value) for value in held):
            break
        found.append(row)
        if len(found) == _LOOKED_AT:
            break
    return found


def _share(rows: Sequence[Sequence[Value]], column: int) -> float:
    return sum(column < len(row) and is_held(row[column]) for row in rows) / len(rows)


def ends_table(text: str) -> bool:
    """Whether a text is one with which a table ends, as where people sign."""
    return folded(text).startswith(_ENDS)


def is_held(value: Value) -> bool:
    """Whether a cell holds something."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def _depth(grid: Grid, texts: Texts, bottom: int) -> int:
    depth = 1
    while depth < DEEPEST_HEADER and bottom - depth >= 0 and _belongs(grid, texts, bottom, bottom - depth):
        depth += 1
    return depth


def _belongs(grid: Grid, texts: Texts, bottom: int, above: int) -> bool:
    """Whether a row above a header is a part of it."""
    row, below = texts[above], texts[above + 1]
    if not any(row) or not _is_heading_row(row) or any(map(_REMARK.search, row)):
        return False
    # Cells merged downwards tie two rows together.
    if any(top <= above < end <= bottom and texts[top][left] for (top, left), (end, _) in grid.merges):
        return True
    if grid.merges:
        return any(_is_group(merge, above, below) for merge in grid.merges)
    # Without merged cells: some columns are named below, others only above.
    needed = any(row[column] and not below[column] for column in range(len(row)))
    return needed and len({text for text in row if text}) >= 2


def _is_group(merge: Merge, above: int, below: Sequence[str]) -> bool:
    """A cell merged over some, not all, of the headings below."""
    (top, left), (end, right) = merge
    headings = {text for text in below[left : right + 1] if text}
    return top <= above <= end and len(headings) >= 2 and right - left + 1 < sum(map(bool, below))

"""How numbers are written in text. The one definition: of conforming, of rules and of proposals.

The patterns mean the same to Python, DuckDB and PostgreSQL. A group of thousands begins with another digit
than zero: 0.125 in a column of `1.234,56` is somebody's English decimal and no 125. 0.000 is zero either way.
A lone 1.234 is taken at the format's word, although it could be either: nobody can tell, and most such
numbers are thousands.
"""

from __future__ import annotations

VIETNAMESE_NUMBER = "1.234,56"
"""The source_format of numbers with a dot for thousands and a comma for decimals."""

_SIGN = r"[-+]?"
_DIGITS = "[0-9]+"


def _groups(mark: str) -> str:
    """Thousands parted by a mark, at least once."""
    return rf"[1-9][0-9]?[0-9]?({mark}[0-9][0-9][0-9])+"


def _zeros(mark: str) -> str:
    """Thousands of zeros, such as a form fills in."""
    return rf"0?0?0({mark}000)+"


def _parted(mark: str, decimal: str) -> str:
    return rf"{_SIGN}({_groups(mark)}|{_zeros(mark)}|{_DIGITS})({decimal}{_DIGITS})?"


NUMBERS = {
    VIETNAMESE_NUMBER: _parted(r"\.", ","),
    "1,234.56": _parted(",", r"\."),
    "1234.56": rf"{_SIGN}{_DIGITS}(\.{_DIGITS})?",
}
"""By an example of the form, the pattern of a whole text."""

_DOTS, _DOTTED_ZEROS = _groups(r"\."), _zeros(r"\.")

MARKED_VIETNAMESE = rf"{_SIGN}({_DOTS}(,{_DIGITS})?|({_DOTTED_ZEROS}|{_DIGITS}),{_DIGITS})"
"""A number that shows by its dots or its comma that it is written the Vietnamese way."""

EITHER_ZERO = f"{_SIGN}{_DOTTED_ZEROS}"
"""A zero whose dots show nothing: they part thousands or decimals."""

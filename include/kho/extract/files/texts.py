"""From a cell's value to the text that is landed.

In: what a cell holds, and how the contract says that the column is written. Out: text. A text is landed
exactly as it stands. A real number or date has no written form of its own: it is landed in the format
that the contract declares for its column, so that conforming reads it without a doubt: 1234.56 in a
column of `1.234,56` is landed as `1234,56`, never as something that could be read as 123456.

Numbers keep fifteen significant digits, as many as spreadsheets show; 0.1 + 0.2 is 0.3.
A formula without a value is landed as its own text, an error as its name (`#REF!`): no number or date
can be read from either, so the row is stopped and its cell is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from kho.conform.numbers import VIETNAMESE_NUMBER
from kho.contracts.model import Column
from kho.contracts.sources.files import FilesSource
from kho.extract.files.sheets import CellError, Formula, Percent, Value


@dataclass(frozen=True)
class Written:
    """How a column's values are written: the contract's type and format, and the length of a code."""

    logical_type: str = "string"
    source_format: str | None = None
    digits: int | None = None


def written_forms(columns: Iterable[Column], source: FilesSource) -> Mapping[str, Written]:
    """The declared form of every landed name, as far as the contract's columns say it."""
    digits = {column.name: column.digits for column in source.form.columns}
    digits |= {cell.name: cell.digits for cell in source.form.cells}
    forms = {name: Written(digits=digits.get(name)) for name in source.landed_names}
    for column in columns:
        name = column.source_name
        # A column may be read twice, once for its value and once for why it has none.
        if name in forms and forms[name].logical_type == "string":
            forms[name] = Written(column.logical_type, column.source_format, digits.get(name))
    return forms


def as_texts(values: Sequence[Value], form: Written) -> list[str | None]:
    """The texts that are landed for the cells of a column; None where one is empty."""
    if form.digits:
        return [as_text(value, form) for value in values]
    return [(value or None) if value.__class__ is str else as_text(value, form) for value in values]


def as_text(value: Value, form: Written) -> str | None:
    """The text that is landed for a cell; None where it is empty."""
    if value is None or isinstance(value, str):
        return _padded(value, form.digits) if value else None
    if value.__class__ is float:
        return _padded(_number(value, form), form.digits)
    if isinstance(value, (Formula, CellError)):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Percent):
        return _number(value.fraction * 100, form) + "%"
    if isinstance(value, (int, float)):
        return _padded(_number(value, form), form.digits)
    return _moment(value, form)


def plain_number(value: float) -> str:
    """A number without an exponent, with at most fifteen significant digits."""
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _number(value: float, form: Written) -> str:
    text = plain_number(value)
    return text.replace(".", ",") if form.source_format == VIETNAMESE_NUMBER else text


def _padded(text: str | None, digits: int | None) -> str | None:
    if text is None or digits is None or len(text) >= digits or not text.isascii() or not text.isdigit():
        return text
    return text.zfill(digits)


def _moment(value: date | time | timedelta, form: Written) -> str:
    if isinstance(value, (time, timedelta)):
        return str(value)
    if form.logical_type in ("date", "timestamp") and form.source_format:
        if not isinstance(value, datetime):
            value = datetime.combine(value, time.min)
        return value.strftime(form.source_format)
    if form.logical_type in ("date", "timestamp"):
        return value.isoformat()
    # Where no date is expected, people read it as it is shown.
    return value.strftime("%d/%m/%Y")

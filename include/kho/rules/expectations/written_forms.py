"""How dates, periods and numbers are written in text that is kept as the source wrote it.

Most dates and numbers are read when data is conformed, by the format of the contract. These expectations
are about texts that stay texts: a period that is part of a key, where `9/2026` and `09/2026` would be two.
"""

import re
from datetime import date
from functools import cache
from typing import Literal

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.conform.numbers import NUMBERS
from kho.rules.expectations.columns import Sql, column_on_sql, is_input, matches, part, texts_on_pandas
from kho.rules.expectations.rendering import InVietnamese

# Each stands for a fixed number of characters, so every part has its place in the text.
_TOKENS = {
    "%Y": "[0-9][0-9][0-9][0-9]",
    "%m": "[0-9][0-9]",
    "%d": "[0-9][0-9]",
    "%q": "[1-4]",
    "%H": "([01][0-9]|2[0-3])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
}
_WIDTHS = {"%Y": 4, "%q": 1}


@cache
def _written(date_format: str) -> tuple[str, dict[str, int]]:
    """A date format as a regular expression, and at which character (the first is 1) each part begins."""
    regex, places, position = "", {}, 1
    for piece in re.findall(r"%[YmdqHMS]|[^%]", date_format):
        if piece in _TOKENS:
            places[piece] = position
        regex += _TOKENS.get(piece) or re.escape(piece)
        position += _WIDTHS.get(piece, 2) if piece in _TOKENS else 1
    return regex, places


def is_date_text(text: str, formats: list[str]) -> bool:
    """Whether a text is a real date or period in one of the formats: `%d/%m/%Y`, `%Y-M%m`, `%Y-Q%q`, …"""
    return any(_is_in_format(text, date_format) for date_format in formats)


def _is_in_format(text: str, date_format: str) -> bool:
    regex, places = _written(date_format)
    if not re.fullmatch(regex, text):
        return False

    def number(piece: str) -> int:
        start = places.get(piece)
        return 1 if start is None else int(text[start - 1 : start - 1 + _WIDTHS.get(piece, 2)])

    try:
        date(number("%Y"), number("%m"), number("%d"))
    except ValueError:
        return False
    return True


def date_text_sql(text: Sql, formats: list[str]) -> Sql:
    """The SQL of `is_date_text`."""
    return sa.or_(*(_is_in_format_sql(text, date_format) for date_format in formats))


def _is_in_format_sql(text: Sql, date_format: str) -> Sql:
    regex, places = _written(date_format)

    def piece(name: str) -> Sql:
        start = places.get(name)
        return sa.literal("01") if start is None else part(text, start, _WIDTHS.get(name, 2))

    day = piece("%Y").concat(piece("%m")).concat(piece("%d"))
    return sa.and_(matches(text, f"^{regex}$"), piece("%Y") != "0000", is_input(day, "date"))


def is_number_text(text: str, number_format: str) -> bool:
    """Whether a text is a number written like the example: `1.234,56`, `1,234.56` or `1234.56`."""
    return re.fullmatch(NUMBERS[number_format], text) is not None


def number_text_sql(text: Sql, number_format: str) -> Sql:
    """The SQL of `is_number_text`."""
    return matches(text, f"^{NUMBERS[number_format]}$")


class ColumnValuesDateText(ColumnMapMetricProvider):
    """Whether a text is a date or period in one of some formats."""

    condition_metric_name = "column_values.date_text"
    condition_value_keys = ("formats",)
    _pandas = texts_on_pandas(is_date_text, condition_value_keys)
    _sqlalchemy = column_on_sql(date_text_sql, condition_value_keys)


class ExpectColumnValuesToBeDateText(InVietnamese, ColumnMapExpectation):
    """Expect texts that are real dates or periods, written in one of the formats.

    Args:
        formats: as strptime has them, `%q` for a quarter; every part has its full width.
    """

    map_metric = "column_values.date_text"
    success_keys = ("mostly", "formats")
    formats: list[str]


class ColumnValuesNumberText(ColumnMapMetricProvider):
    """Whether a text is a number in a format."""

    condition_metric_name = "column_values.number_text"
    condition_value_keys = ("format",)
    _pandas = texts_on_pandas(is_number_text, condition_value_keys)
    _sqlalchemy = column_on_sql(number_text_sql, condition_value_keys)


class ExpectColumnValuesToBeNumberText(InVietnamese, ColumnMapExpectation):
    """Expect texts that are numbers written as the example `format` shows."""

    map_metric = "column_values.number_text"
    success_keys = ("mostly", "format")
    format: Literal["1.234,56", "1,234.56", "1234.56"]

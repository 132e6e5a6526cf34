"""What the expectations of this package have in common: keys, pandas helpers, SQL fragments.

Measured on PostgreSQL 18: a regular expression with counted repetitions (`[0-9]{12}`) costs some
0.1 µs a character, because the automaton's states are built anew for every row; loops (`[0-9]*`),
`LIKE` and the number parser cost a fifth of that. Hence `LIKE` for the places of the separators and
loops for the alphabet.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

Sql = sa.ColumnElement[Any]

PAIR_DOMAIN_KEYS = (
    "batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser",
    "ignore_row_if",
)  # fmt: skip
PAIR_SUCCESS_KEYS = ("column_A", "column_B", "ignore_row_if", "mostly")


def each_text(column: "pd.Series[Any]", is_good: Callable[[str], bool]) -> "pd.Series[bool]":
    """Apply a test of texts to a column that has no missing values."""
    return column.map(lambda value: is_good(str(value))).astype(bool)


def pair_truth(
    column_a: "pd.Series[Any]", column_b: Iterable[Any], is_good: Callable[[Any, Any], bool]
) -> "pd.Series[bool]":
    """Apply a test to each pair of values."""
    truth = [is_good(a, b) for a, b in zip(column_a, column_b, strict=True)]
    return pd.Series(truth, index=column_a.index, dtype=bool)


def as_dates(column: "pd.Series[Any]") -> list[date | None]:
    """The day of each value of a column of dates or timestamps; None where there is none."""
    return [None if pd.isna(value) else pd.Timestamp(value).date() for value in column]


def are_digits(text: Sql) -> Sql:
    """Whether a text of at most 16 characters consists of digits only.

    The number parser is several times faster than a regular expression. Framed by digits it takes
    no sign, blank or base prefix; what is left are underscores between digits.
    """
    framed = sa.literal("1").concat(text).concat("1")
    return sa.and_(sa.func.strpos(text, "_") == 0, is_input(framed, "bigint"))


def is_input(text: Sql, type_name: str) -> Sql:
    """Whether PostgreSQL could read the text as a value of the type; never raises."""
    return sa.func.pg_input_is_valid(text, type_name) == sa.true()


def part(text: Sql, start: int, length: int) -> Sql:
    """`length` characters of a text, the first being number 1."""
    return sa.func.substr(text, start, length)


def matches(text: Sql, regex: str) -> Sql:
    """Whether a text matches a regular expression."""
    return text.op("~", is_comparison=True)(sa.literal(regex))

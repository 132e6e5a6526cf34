"""What the expectations of this package have in common.

In:  a condition as a plain function, once of texts or pandas columns and once of SQL columns.
Out: the same in the shape in which Great Expectations keeps a metric's conditions.

DuckDB evaluates most conditions (see `kho.rules.duck_labels`), PostgreSQL those of single rows that
break one. Measured on DuckDB 2: a regular expression costs 0.1 to 0.2 µs a row; AND and OR compute all
their parts for all rows, CASE what it needs. Hence CASE, with what is true of nearly all rows first.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)

Sql = sa.ColumnElement[Any]

PAIR_DOMAIN_KEYS = (
    "batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser",
    "ignore_row_if",
)  # fmt: skip
PAIR_SUCCESS_KEYS = ("column_A", "column_B", "ignore_row_if", "mostly")


MULTICOLUMN_DOMAIN_KEYS = (
    "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if",
)  # fmt: skip
MULTICOLUMN_SUCCESS_KEYS = ("mostly",)


def texts_on_pandas(is_good: Callable[..., bool], value_keys: tuple[str, ...] = ()) -> Any:
    """A metric's condition on pandas, from a test of one text; missing values do not come."""

    def condition(_provider: Any, column: "pd.Series[Any]", **given: Any) -> "pd.Series[bool]":
        values = [given[key] for key in value_keys]
        return column.map(lambda value: is_good(str(value), *values)).astype(bool)

    return column_condition_partial(engine=PandasExecutionEngine)(condition)


def column_on_sql(is_good: Callable[..., Sql], value_keys: tuple[str, ...] = ()) -> Any:
    """A metric's condition on SQL, from a condition on a column and the values."""

    def condition(_provider: Any, column: Sql, **given: Any) -> Sql:
        return is_good(column, *(given[key] for key in value_keys))

    return column_condition_partial(engine=SqlAlchemyExecutionEngine)(condition)


def pair_on_pandas(is_good: Callable[..., "pd.Series[bool]"], value_keys: tuple[str, ...] = ()) -> Any:
    """A pair metric's condition on pandas, from a function of both columns and the values."""

    def condition(
        _provider: Any, column_a: "pd.Series[Any]", column_b: "pd.Series[Any]", **given: Any
    ) -> "pd.Series[bool]":
        return is_good(column_a, column_b, *(given[key] for key in value_keys))

    return column_pair_condition_partial(engine=PandasExecutionEngine)(condition)


def pair_on_sql(is_good: Callable[..., Sql], value_keys: tuple[str, ...] = ()) -> Any:
    """A pair metric's condition on SQL, from a condition on both columns and the values."""

    def condition(_provider: Any, column_a: Sql, column_b: Sql, **given: Any) -> Sql:
        return is_good(column_a, column_b, *(given[key] for key in value_keys))

    return column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)(condition)


def row_on_pandas(is_good: Callable[..., bool], value_keys: tuple[str, ...] = ()) -> Any:
    """A multicolumn metric's condition on pandas, from a test of one row's values, in order of the columns.

    A row with a missing value passes; GX leaves it out anyway where the expectation says so.
    """

    def condition(_provider: Any, columns: "pd.DataFrame", **given: Any) -> "pd.Series[bool]":
        values = [given[key] for key in value_keys]
        truth = [
            any(pd.isna(cell) for cell in row) or is_good(row, *values)
            for row in columns.itertuples(index=False, name=None)
        ]
        return pd.Series(truth, index=columns.index, dtype=bool)

    return multicolumn_condition_partial(engine=PandasExecutionEngine)(condition)


def rows_on_pandas(are_good: Callable[..., "pd.Series[bool]"], value_keys: tuple[str, ...] = ()) -> Any:
    """A multicolumn metric's condition on pandas, from a test of all rows, missing values included."""

    def condition(_provider: Any, columns: "pd.DataFrame", **given: Any) -> "pd.Series[bool]":
        return are_good(columns, *(given[key] for key in value_keys))

    return multicolumn_condition_partial(engine=PandasExecutionEngine)(condition)


def row_on_sql(is_good: Callable[..., Sql], value_keys: tuple[str, ...] = ()) -> Any:
    """A multicolumn metric's condition on SQL, from a condition on the columns and the values."""

    def condition(_provider: Any, columns: Sequence[Sql], **given: Any) -> Sql:
        return is_good(columns, *(given[key] for key in value_keys))

    return multicolumn_condition_partial(engine=SqlAlchemyExecutionEngine)(condition)


def agree(
    column_a: "pd.Series[Any]", column_b: "pd.Series[Any]", is_good: Callable[[Any, Any], bool]
) -> "pd.Series[bool]":
    """Test each value of A with that of B; a pair with a missing value passes."""
    truth = [
        True if pd.isna(a) or pd.isna(b) else is_good(a, b) for a, b in zip(column_a, column_b, strict=True)
    ]
    return pd.Series(truth, index=column_a.index, dtype=bool)


def agree_by_day(
    column_a: "pd.Series[Any]",
    column_b: "pd.Series[Any]",
    is_good: Callable[[Any, date], bool],
) -> "pd.Series[bool]":
    """Test each value of A with the day of B; a pair with a missing value passes."""
    return agree(column_a, column_b, lambda a, b: is_good(a, pd.Timestamp(b).date()))


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


def digit(text: Sql, position: int) -> Sql:
    """The digit at a position, as a number; by the character's code, because a cast could fail."""
    return sa.func.ascii(part(text, position, 1)) - ord("0")


def year_of(day: Sql) -> Sql:
    """The year of a date or timestamp, as a number."""
    return sa.extract("year", day)


def double(number: Sql) -> Sql:
    """A number as pandas holds it, so that both engines calculate the same and nothing overflows."""
    return sa.cast(number, sa.Double)


def plus_days(day: Sql, days: Sql) -> Sql:
    """A date or timestamp some days later."""
    return day + days * sa.literal_column("INTERVAL '1 day'")

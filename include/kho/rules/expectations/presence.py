"""Values that are missing, and values that are there but could not be read.

Conforming turns a value that cannot be read into NULL and names its column in `_unreadable`, a text
such as `,received_at,due_at,`. So a NULL is either missing at the source or unreadable, and the two
have different owners' remedies: hence two expectations about the same column.
"""

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.expectations.expectation import (
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from kho.rules.expectations.columns import (
    MULTICOLUMN_DOMAIN_KEYS,
    MULTICOLUMN_SUCCESS_KEYS,
    PAIR_DOMAIN_KEYS,
    PAIR_SUCCESS_KEYS,
    Sql,
    pair_on_pandas,
    pair_on_sql,
    row_on_sql,
    rows_on_pandas,
)
from kho.rules.expectations.rendering import InVietnamese


def _is_named(column: "pd.Series[Any]", unreadable: "pd.Series[Any]") -> "pd.Series[bool]":
    texts = unreadable.fillna("").astype(str)
    return texts.str.contains(f",{column.name},", regex=False).astype(bool)


def _unless_all_is_read(unreadable: Sql, condition: Sql) -> Sql:
    """The condition where something is unreadable: of nearly all rows nothing is, and CASE asks no more."""
    return sa.case((unreadable.is_(None), sa.true()), else_=condition)


def _position(column: Sql, unreadable: Sql) -> Sql:
    return sa.func.strpos(unreadable, f",{getattr(column, 'name', '')},")


def _is_present(column: "pd.Series[Any]", unreadable: "pd.Series[Any]") -> "pd.Series[bool]":
    return column.notna() | _is_named(column, unreadable)


def _is_present_sql(column: Sql, unreadable: Sql) -> Sql:
    return sa.or_(column.is_not(None), sa.func.coalesce(_position(column, unreadable), 0) > 0)


def _is_readable(column: "pd.Series[Any]", unreadable: "pd.Series[Any]") -> "pd.Series[bool]":
    return ~_is_named(column, unreadable)


def _is_readable_sql(column: Sql, unreadable: Sql) -> Sql:
    return _unless_all_is_read(unreadable, _position(column, unreadable) == 0)


class ColumnPairValuesPresent(ColumnPairMapMetricProvider):
    """Whether column A has a value at the source, readable or not."""

    condition_metric_name = "column_pair_values.present"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()
    _pandas = pair_on_pandas(_is_present)
    _sqlalchemy = pair_on_sql(_is_present_sql)


class ExpectColumnValueToBePresent(InVietnamese, ColumnPairMapExpectation):
    """Expect a value in column A, or A's name in column B, the list of unreadable values."""

    map_metric = "column_pair_values.present"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["neither"] = "neither"


class ColumnPairValuesReadable(ColumnPairMapMetricProvider):
    """Whether column A's value at the source could be read, or was not there."""

    condition_metric_name = "column_pair_values.readable"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()
    _pandas = pair_on_pandas(_is_readable)
    _sqlalchemy = pair_on_sql(_is_readable_sql)


class ExpectColumnValueToBeReadable(InVietnamese, ColumnPairMapExpectation):
    """Expect that column B, the list of unreadable values, does not name column A."""

    map_metric = "column_pair_values.readable"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["neither"] = "neither"


def _are_readable(columns: pd.DataFrame) -> "pd.Series[bool]":
    *names, unreadable = columns.columns
    texts = columns[unreadable].fillna("").astype(str)
    named = [texts.str.contains(f",{name},", regex=False) for name in names]
    return ~pd.concat(named, axis="columns").any(axis="columns")


def _are_readable_sql(columns: Sequence[Sql]) -> Sql:
    *named, unreadable = columns
    return _unless_all_is_read(unreadable, sa.and_(*(_position(column, unreadable) == 0 for column in named)))


class MulticolumnReadable(MulticolumnMapMetricProvider):
    """Whether the last column, the list of unreadable values, names none of the others."""

    condition_metric_name = "multicolumn_values.readable"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ()
    _pandas = rows_on_pandas(_are_readable)
    _sqlalchemy = row_on_sql(_are_readable_sql)


class ExpectColumnsToBeReadable(InVietnamese, MulticolumnMapExpectation):
    """Expect that the last column, the list of unreadable values, names none of the others.

    One rule for several columns whose values may be missing, but not be lost because nobody can read them.
    """

    map_metric = "multicolumn_values.readable"
    success_keys = MULTICOLUMN_SUCCESS_KEYS
    ignore_row_if: Literal["never"] = "never"

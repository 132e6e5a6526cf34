"""Values that are missing, and values that are there but could not be read.

Conforming turns a value that cannot be read into NULL and names its column in `_unreadable`, a text
such as `,received_at,due_at,`. So a NULL is either missing at the source or unreadable, and the two
have different owners' remedies: hence two expectations about the same column.
"""

from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from kho.rules.expectations.columns import PAIR_DOMAIN_KEYS, PAIR_SUCCESS_KEYS, Sql


def _is_named(column: Any, unreadable: "pd.Series[Any]") -> "pd.Series[bool]":
    named = unreadable.fillna("").astype(str).str.contains(f",{column.name},", regex=False)
    return named.astype(bool)


def _position(column: Any, unreadable: Sql) -> Sql:
    return sa.func.strpos(unreadable, f",{column.name},")


class ColumnPairValuesPresent(ColumnPairMapMetricProvider):
    """Whether column A has a value at the source, readable or not."""

    condition_metric_name = "column_pair_values.present"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: "pd.Series[Any]", column_B: "pd.Series[Any]", **_: Any) -> "pd.Series[bool]":
        return column_A.notna() | _is_named(column_A, column_B)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column_A: Sql, column_B: Sql, **_: Any) -> Sql:
        return sa.or_(column_A.is_not(None), sa.func.coalesce(_position(column_A, column_B), 0) > 0)


class ExpectColumnValueToBePresent(ColumnPairMapExpectation):
    """Expect a value in column A, or A's name in column B, the list of unreadable values."""

    map_metric = "column_pair_values.present"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["neither"] = "neither"


class ColumnPairValuesReadable(ColumnPairMapMetricProvider):
    """Whether column A's value at the source could be read, or was not there."""

    condition_metric_name = "column_pair_values.readable"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: "pd.Series[Any]", column_B: "pd.Series[Any]", **_: Any) -> "pd.Series[bool]":
        return ~_is_named(column_A, column_B)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column_A: Sql, column_B: Sql, **_: Any) -> Sql:
        return sa.or_(column_B.is_(None), _position(column_A, column_B) == 0)


class ExpectColumnValueToBeReadable(ColumnPairMapExpectation):
    """Expect that column B, the list of unreadable values, does not name column A."""

    map_metric = "column_pair_values.readable"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["neither"] = "neither"

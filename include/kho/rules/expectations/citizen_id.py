"""Citizen ids (số định danh cá nhân)."""

from typing import Any

import pandas as pd
import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from kho.rules.expectations.columns import Sql, are_digits, each_text, part
from kho.rules.identifiers import BIRTH_PROVINCES, is_citizen_id


def citizen_id_sql(text: Sql) -> Sql:
    """The SQL of `is_citizen_id`."""
    return sa.and_(
        sa.func.octet_length(text) == 12,
        part(text, 1, 3).in_(sorted(BIRTH_PROVINCES)),
        are_digits(text),
    )


class ColumnValuesCitizenId(ColumnMapMetricProvider):
    """Whether a value is a citizen id."""

    condition_metric_name = "column_values.citizen_id"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: "pd.Series[Any]", **_: Any) -> "pd.Series[bool]":
        return each_text(column, is_citizen_id)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Sql, **_: Any) -> Sql:
        return citizen_id_sql(column)


class ExpectColumnValuesToBeCitizenId(ColumnMapExpectation):
    """Expect citizen ids: 12 digits that begin with one of the 63 provinces before 1 July 2025.

    There is no checksum. The old identity card of 9 digits (CMND) is refused.
    """

    map_metric = "column_values.citizen_id"

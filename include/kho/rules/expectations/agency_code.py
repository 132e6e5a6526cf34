"""Agency codes (mã định danh cơ quan, QĐ 20/2020/QĐ-TTg and QĐ 09/2025/QĐ-TTg)."""

from typing import Any

import pandas as pd
import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from kho.rules.expectations.columns import Sql, each_text, matches
from kho.rules.identifiers import AGENCY_CODE, is_agency_code

_OLD_FORM_PLACES = "___.__.__.___"
# With the dots' places fixed by LIKE, exactly three dots leave only digits in between.
_OLD_FORM_ALPHABET = r"^[0-9]*\.[0-9]*\.[0-9]*\.[A-Z][0-9]*$"


def agency_code_sql(text: Sql) -> Sql:
    """The SQL of `is_agency_code`; nearly all codes take the first branch."""
    return sa.case(
        (text.like(_OLD_FORM_PLACES), matches(text, _OLD_FORM_ALPHABET)),
        else_=matches(text, f"^{AGENCY_CODE}$"),
    )


class ColumnValuesAgencyCode(ColumnMapMetricProvider):
    """Whether a value is an agency code."""

    condition_metric_name = "column_values.agency_code"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: "pd.Series[Any]", **_: Any) -> "pd.Series[bool]":
        return each_text(column, is_agency_code)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Sql, **_: Any) -> Sql:
        return agency_code_sql(column)


class ExpectColumnValuesToBeAgencyCode(ColumnMapExpectation):
    """Expect agency codes in the old form (000.00.02.H48) or the new one (H48.02)."""

    map_metric = "column_values.agency_code"

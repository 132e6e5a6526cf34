"""Agency codes (mã định danh cơ quan, QĐ 20/2020/QĐ-TTg and QĐ 09/2025/QĐ-TTg)."""

from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.columns import Sql, column_on_sql, matches, texts_on_pandas
from kho.rules.expectations.rendering import InVietnamese
from kho.rules.identifiers import AGENCY_CODE, is_agency_code


def agency_code_sql(text: Sql) -> Sql:
    """The SQL of `is_agency_code`."""
    return matches(text, f"^{AGENCY_CODE}$")


class ColumnValuesAgencyCode(ColumnMapMetricProvider):
    """Whether a value is an agency code."""

    condition_metric_name = "column_values.agency_code"
    _pandas = texts_on_pandas(is_agency_code)
    _sqlalchemy = column_on_sql(agency_code_sql)


class ExpectColumnValuesToBeAgencyCode(InVietnamese, ColumnMapExpectation):
    """Expect agency codes in the old form (000.00.02.H48) or the new one (H48.02)."""

    map_metric = "column_values.agency_code"

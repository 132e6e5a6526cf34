"""Citizen ids (số định danh cá nhân)."""

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.columns import Sql, column_on_sql, matches, part, texts_on_pandas
from kho.rules.identifiers import BIRTH_PROVINCES, is_citizen_id


def citizen_id_sql(text: Sql) -> Sql:
    """The SQL of `is_citizen_id`."""
    return sa.case(
        (matches(text, "^[0-9]{12}$"), part(text, 1, 3).in_(sorted(BIRTH_PROVINCES))), else_=sa.false()
    )


class ColumnValuesCitizenId(ColumnMapMetricProvider):
    """Whether a value is a citizen id."""

    condition_metric_name = "column_values.citizen_id"
    _pandas = texts_on_pandas(is_citizen_id)
    _sqlalchemy = column_on_sql(citizen_id_sql)


class ExpectColumnValuesToBeCitizenId(ColumnMapExpectation):
    """Expect citizen ids: 12 digits that begin with one of the 63 provinces before 1 July 2025.

    There is no checksum. The old identity card of 9 digits (CMND) is refused.
    """

    map_metric = "column_values.citizen_id"

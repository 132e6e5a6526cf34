"""Administrative units by date: a code alone is not a key, code and date are."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)

from kho.rules.expectations.columns import (
    PAIR_DOMAIN_KEYS,
    PAIR_SUCCESS_KEYS,
    Sql,
    agree_by_day,
    pair_on_pandas,
    pair_on_sql,
)
from kho.rules.expectations.rendering import InVietnamese

Units = list[dict[str, Any]]


def _periods(units: Units) -> Iterator[tuple[date, date | None, list[str]]]:
    for unit in units:
        valid_to = unit["valid_to"]
        yield (
            date.fromisoformat(unit["valid_from"]),
            date.fromisoformat(valid_to) if valid_to else None,
            unit["codes"],
        )


def _are_valid(codes: "pd.Series[Any]", days: "pd.Series[Any]", units: Units) -> "pd.Series[bool]":
    periods = [(start, end, frozenset(members)) for start, end, members in _periods(units)]

    def is_valid(code: str, day: date) -> bool:
        return any(
            code in members and start <= day and (end is None or day <= end)
            for start, end, members in periods
        )

    return agree_by_day(codes, days, is_valid)


def _are_valid_sql(code: Sql, day: Sql, units: Units) -> Sql:
    # The newest period is asked first, and the others only where it says no: nearly all rows are of
    # today. The last day counts in full, also where the column is a timestamp, hence "before the next day".
    valid: Sql = sa.false()
    for start, end, members in sorted(_periods(units), key=lambda period: period[0]):
        within = sa.and_(
            day >= sa.literal(start),
            sa.true() if end is None else day < sa.literal(end + timedelta(days=1)),
            code.in_(members),
        )
        valid = sa.case((within, sa.true()), else_=valid)
    return valid


class ColumnPairValuesUnitValidOn(ColumnPairMapMetricProvider):
    """Whether a unit's code is in force on a day."""

    condition_metric_name = "column_pair_values.unit_valid_on"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ("units",)
    _pandas = pair_on_pandas(_are_valid, condition_value_keys)
    _sqlalchemy = pair_on_sql(_are_valid_sql, condition_value_keys)


class ExpectAdministrativeUnitToBeValidOn(InVietnamese, ColumnPairMapExpectation):
    """Expect the administrative unit's code (A) to be in force on the day of B.

    Args:
        units: the periods: `valid_from`, `valid_to` (ISO dates, inclusive, the latter None while
            the period lasts), `codes`.
    """

    map_metric = "column_pair_values.unit_valid_on"
    success_keys = (*PAIR_SUCCESS_KEYS, "units")
    units: Units | SuiteParameterDict[str, Any]
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

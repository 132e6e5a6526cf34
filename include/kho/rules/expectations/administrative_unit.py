"""Administrative units by date: a code alone is not a key, code and date are."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from kho.rules.expectations.columns import (
    PAIR_DOMAIN_KEYS,
    PAIR_SUCCESS_KEYS,
    Sql,
    as_dates,
    pair_truth,
)


def _periods(units: list[dict[str, Any]]) -> Iterator[tuple[date, date | None, list[str]]]:
    for unit in units:
        valid_to = unit["valid_to"]
        yield (
            date.fromisoformat(unit["valid_from"]),
            date.fromisoformat(valid_to) if valid_to else None,
            unit["codes"],
        )


class ColumnPairValuesUnitValidOn(ColumnPairMapMetricProvider):
    """Whether a unit's code is in force on a day."""

    condition_metric_name = "column_pair_values.unit_valid_on"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ("units",)

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        column_A: "pd.Series[Any]",
        column_B: "pd.Series[Any]",
        units: list[dict[str, Any]],
        **_: Any,
    ) -> "pd.Series[bool]":
        periods = [(start, end, frozenset(codes)) for start, end, codes in _periods(units)]

        def is_valid(code: Any, day: Any) -> bool:
            if pd.isna(code) or day is None:
                return True
            return any(
                code in codes and start <= day and (end is None or day <= end)
                for start, end, codes in periods
            )

        return pair_truth(column_A, as_dates(column_B), is_valid)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column_A: Sql, column_B: Sql, units: list[dict[str, Any]], **_: Any) -> Sql:
        # The newest period first: nearly all rows are of today. The last day counts in full, also
        # where the column is a timestamp, hence "before the next day".
        return sa.or_(
            *(
                sa.and_(
                    column_B >= sa.literal(start),
                    sa.true() if end is None else column_B < sa.literal(end + timedelta(days=1)),
                    column_A.in_(codes),
                )
                for start, end, codes in sorted(_periods(units), reverse=True, key=lambda p: p[0])
            )
        )


class ExpectAdministrativeUnitToBeValidOn(ColumnPairMapExpectation):
    """Expect the administrative unit's code (A) to be in force on the day of B.

    Args:
        units: the periods: `valid_from`, `valid_to` (ISO dates, inclusive, the latter None while
            the period lasts), `codes`.
    """

    map_metric = "column_pair_values.unit_valid_on"
    success_keys = (*PAIR_SUCCESS_KEYS, "units")
    units: list[dict[str, Any]]
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

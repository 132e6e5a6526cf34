"""Figures that follow from each other: parts and totals, shares, last period and this."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from kho.rules.expectations.columns import (
    MULTICOLUMN_DOMAIN_KEYS,
    MULTICOLUMN_SUCCESS_KEYS,
    Sql,
    double,
    row_on_pandas,
    row_on_sql,
)
from kho.rules.expectations.rendering import InVietnamese

Row = Sequence[Any]


def _adds_up(row: Row, tolerance: float) -> bool:
    total, *parts = map(float, row)
    return abs(total - sum(parts)) <= tolerance


def _adds_up_sql(columns: Sequence[Sql], tolerance: float) -> Sql:
    total, first, *others = map(double, columns)
    # Added from the left, as Python adds, so that both round alike.
    parts = first
    for other in others:
        parts = parts + other
    return sa.func.abs(total - parts) <= tolerance


class MulticolumnPartsSum(MulticolumnMapMetricProvider):
    """Whether the first column is the sum of the others."""

    condition_metric_name = "multicolumn_values.parts_sum"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ("tolerance",)
    _pandas = row_on_pandas(_adds_up, condition_value_keys)
    _sqlalchemy = row_on_sql(_adds_up_sql, condition_value_keys)


class ExpectPartsToSumToTotal(InVietnamese, MulticolumnMapExpectation):
    """Expect the first column, the total, to be the sum of the others.

    Args:
        tolerance: how far off it may be, for figures that are rounded.
    """

    map_metric = "multicolumn_values.parts_sum"
    success_keys = (*MULTICOLUMN_SUCCESS_KEYS, "tolerance")
    tolerance: float = 0
    ignore_row_if: Literal["any_value_is_missing"] = "any_value_is_missing"


def _is_share(row: Row, scale: float, tolerance: float) -> bool:
    share, part, whole = map(float, row)
    return whole == 0 or abs(scale * part - share * whole) <= tolerance * abs(whole)


def _is_share_sql(columns: Sequence[Sql], scale: float, tolerance: float) -> Sql:
    # Multiplied out, because dividing by zero would end the night.
    share, part, whole = map(double, columns)
    return sa.or_(
        whole == 0,
        sa.func.abs(double(sa.literal(scale)) * part - share * whole)
        <= double(sa.literal(tolerance)) * sa.func.abs(whole),
    )


class MulticolumnShare(MulticolumnMapMetricProvider):
    """Whether a stated share is what its parts give."""

    condition_metric_name = "multicolumn_values.share"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ("scale", "tolerance")
    _pandas = row_on_pandas(_is_share, condition_value_keys)
    _sqlalchemy = row_on_sql(_is_share_sql, condition_value_keys)


class ExpectShareToMatchParts(InVietnamese, MulticolumnMapExpectation):
    """Expect the share (first column) to be the second over the third; over zero there is no share.

    Args:
        scale: 100 for percent.
        tolerance: how far off the share may be; half a unit of its last digit is rounding.
    """

    map_metric = "multicolumn_values.share"
    success_keys = (*MULTICOLUMN_SUCCESS_KEYS, "scale", "tolerance")
    scale: float = 100
    tolerance: float = 0.01
    ignore_row_if: Literal["any_value_is_missing"] = "any_value_is_missing"


Previous = Mapping[str, float]


def _bounds(previous: Previous, ratio: float) -> dict[str, float]:
    return {key: value * ratio for key, value in previous.items()}


def _is_near_last(row: Row, previous: Previous, min_ratio: float, max_ratio: float) -> bool:
    value, *key = row
    last = previous.get("|".join(map(str, key)))
    return last is None or last * min_ratio <= float(value) <= last * max_ratio


def _is_near_last_sql(columns: Sequence[Sql], previous: Previous, min_ratio: float, max_ratio: float) -> Sql:
    if not previous:
        return sa.true()
    value, first, *others = columns
    key: Sql = first
    for other in others:
        key = key.concat("|").concat(other)
    low, high = (double(sa.case(_bounds(previous, ratio), value=key)) for ratio in (min_ratio, max_ratio))
    return sa.or_(low.is_(None), sa.and_(double(value) >= low, double(value) <= high))


class MulticolumnChangeFromLastPeriod(MulticolumnMapMetricProvider):
    """Whether a value is near that of the period before."""

    condition_metric_name = "multicolumn_values.change_from_last_period"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ("previous", "min_ratio", "max_ratio")
    _pandas = row_on_pandas(_is_near_last, condition_value_keys)
    _sqlalchemy = row_on_sql(_is_near_last_sql, condition_value_keys)


class ExpectChangeFromLastPeriodToBeBetween(InVietnamese, MulticolumnMapExpectation):
    """Expect the first column to be near the value that the warehouse has of the period before.

    Args:
        previous: what the warehouse has, by the key of the row it is compared with: the columns after the
            first, joined by `|`. Rows whose key is not there have nothing to be compared with, and pass.
        min_ratio: the least that the value may be, in parts of the one before.
        max_ratio: the most.
    """

    map_metric = "multicolumn_values.change_from_last_period"
    success_keys = (*MULTICOLUMN_SUCCESS_KEYS, "previous", "min_ratio", "max_ratio")
    previous: dict[str, float] | SuiteParameterDict[str, Any]
    min_ratio: float
    max_ratio: float
    ignore_row_if: Literal["any_value_is_missing"] = "any_value_is_missing"

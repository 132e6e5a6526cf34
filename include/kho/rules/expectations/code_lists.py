"""Codes and values that a list judges by a second column: sectors by edition, values by indicator."""

import re
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
    agree,
    double,
    matches,
    pair_on_pandas,
    pair_on_sql,
    part,
)
from kho.rules.expectations.rendering import InVietnamese

Editions = list[dict[str, Any]]
Ranges = list[dict[str, Any]]


def _are_listed(codes: "pd.Series[Any]", versions: "pd.Series[Any]", editions: Editions) -> "pd.Series[bool]":
    known = {edition["version"]: frozenset(edition["prefixes"]) for edition in editions}
    length = {edition["version"]: edition["length"] for edition in editions}

    def is_listed(code: str, version: str) -> bool:
        if version not in known or not re.fullmatch("[0-9]+", code):
            return True
        return code[: length[version]] in known[version]

    return agree(codes, versions, is_listed)


def _are_listed_sql(code: Sql, version: Sql, editions: Editions) -> Sql:
    return sa.and_(
        sa.true(),
        *(
            sa.or_(
                version != edition["version"],
                part(code, 1, edition["length"]).in_(edition["prefixes"]),
                sa.not_(matches(code, "^[0-9]+$")),
            )
            for edition in editions
        ),
    )


class ColumnPairValuesSectorInVersion(ColumnPairMapMetricProvider):
    """Whether a sector's code is in the list of an edition."""

    condition_metric_name = "column_pair_values.sector_in_version"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ("editions",)
    _pandas = pair_on_pandas(_are_listed, condition_value_keys)
    _sqlalchemy = pair_on_sql(_are_listed_sql, condition_value_keys)


class ExpectSectorCodeToBeInVersion(InVietnamese, ColumnPairMapExpectation):
    """Expect the sector's code (A) to be in the edition of the classification (VSIC) that B names.

    Says nothing about a code that is no number; another rule does.

    Args:
        editions: `version`, `prefixes` (the codes of the deepest level that is known), `length` (of these).
            An edition that is not among them is not judged.
    """

    map_metric = "column_pair_values.sector_in_version"
    success_keys = (*PAIR_SUCCESS_KEYS, "editions")
    editions: Editions | SuiteParameterDict[str, Any]
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"


def _are_possible(values: "pd.Series[Any]", codes: "pd.Series[Any]", ranges: Ranges) -> "pd.Series[bool]":
    bounds = {code: (span["low"], span["high"]) for span in ranges for code in span["codes"]}

    def is_possible(value: float, code: str) -> bool:
        low, high = bounds.get(code, (None, None))
        return (low is None or float(value) >= low) and (high is None or float(value) <= high)

    return agree(values, codes, is_possible)


def _are_possible_sql(value: Sql, code: Sql, ranges: Ranges) -> Sql:
    outside = [
        sa.and_(code.in_(span["codes"]), sa.or_(sa.false(), *_outside(double(value), span)))
        for span in ranges
    ]
    return sa.not_(sa.or_(sa.false(), *outside))


def _outside(value: Sql, span: dict[str, Any]) -> list[Sql]:
    low, high = span["low"], span["high"]
    return ([] if low is None else [value < low]) + ([] if high is None else [value > high])


class ColumnPairValuesIndicatorPossible(ColumnPairMapMetricProvider):
    """Whether an indicator's value is in the range that it can have."""

    condition_metric_name = "column_pair_values.indicator_possible"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ("ranges",)
    _pandas = pair_on_pandas(_are_possible, condition_value_keys)
    _sqlalchemy = pair_on_sql(_are_possible_sql, condition_value_keys)


class ExpectIndicatorValueToBePossible(InVietnamese, ColumnPairMapExpectation):
    """Expect the value (A) to be in the range that is possible for the indicator (B).

    Args:
        ranges: `codes` of indicators, `low` and `high` (inclusive; None: no bound). An indicator without a
            range is not judged.
    """

    map_metric = "column_pair_values.indicator_possible"
    success_keys = (*PAIR_SUCCESS_KEYS, "ranges")
    ranges: Ranges | SuiteParameterDict[str, Any]
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

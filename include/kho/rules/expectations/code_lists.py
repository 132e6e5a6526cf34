"""Codes and values that a list judges by other columns: sectors by edition, values by indicator and day."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.core.suite_parameters import SuiteParameterDict
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
    agree,
    double,
    matches,
    pair_on_pandas,
    pair_on_sql,
    part,
    row_on_sql,
    rows_on_pandas,
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


def _are_possible(columns: "pd.DataFrame", ranges: Ranges) -> "pd.Series[bool]":
    spans = defaultdict(list)
    for span in ranges:
        start, end = (pd.Timestamp(span[name]) if span[name] else None for name in ("valid_from", "valid_to"))
        for code in span["codes"]:
            spans[code].append((start, end, span["low"], span["high"]))

    def is_possible(value: Any, code: Any, day: Any) -> bool:
        if pd.isna(value) or pd.isna(code):
            return True
        return not any(
            ((low is not None and float(value) < low) or (high is not None and float(value) > high))
            # Of a day that is missing no range with a validity says anything.
            and (start is None or (not pd.isna(day) and pd.Timestamp(day) >= start))
            and (end is None or (not pd.isna(day) and pd.Timestamp(day) <= end))
            for start, end, low, high in spans[code]
        )

    truth = [is_possible(*row) for row in columns.itertuples(index=False, name=None)]
    return pd.Series(truth, index=columns.index, dtype=bool)


def _are_possible_sql(columns: Sequence[Sql], ranges: Ranges) -> Sql:
    value, code, day = columns
    outside = [
        sa.and_(
            code.in_(span["codes"]),
            sa.or_(sa.false(), *_outside(double(value), span)),
            *_during(day, span),
        )
        for span in ranges
    ]
    return sa.not_(sa.or_(sa.false(), *outside))


def _outside(value: Sql, span: dict[str, Any]) -> list[Sql]:
    low, high = span["low"], span["high"]
    return ([] if low is None else [value < low]) + ([] if high is None else [value > high])


def _during(day: Sql, span: dict[str, Any]) -> list[Sql]:
    start, end = span["valid_from"], span["valid_to"]
    return ([] if start is None else [day >= sa.literal(date.fromisoformat(start))]) + (
        [] if end is None else [day <= sa.literal(date.fromisoformat(end))]
    )


class MulticolumnIndicatorPossible(MulticolumnMapMetricProvider):
    """Whether an indicator's value is in the range that it could have on a day."""

    condition_metric_name = "multicolumn_values.indicator_possible"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ("ranges",)
    _pandas = rows_on_pandas(_are_possible, condition_value_keys)
    _sqlalchemy = row_on_sql(_are_possible_sql, condition_value_keys)


class ExpectIndicatorValueToBePossible(InVietnamese, MulticolumnMapExpectation):
    """Expect the value (first column) to be possible for the indicator (second) on a day (third).

    Args:
        ranges: `codes` of indicators, `low` and `high` (inclusive; None: no bound), `valid_from` and
            `valid_to` (ISO dates, inclusive; None: always, still). An indicator without a range is not
            judged.
    """

    map_metric = "multicolumn_values.indicator_possible"
    success_keys = (*MULTICOLUMN_SUCCESS_KEYS, "ranges")
    ranges: Ranges | SuiteParameterDict[str, Any]
    ignore_row_if: Literal["never"] = "never"

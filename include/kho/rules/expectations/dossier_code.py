"""Dossier codes (mã hồ sơ, TT 01/2018/TT-VPCP): `{agency}-YYMMDD-{sequence}`."""

from datetime import date
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)

from kho.rules.expectations.columns import (
    PAIR_DOMAIN_KEYS,
    PAIR_SUCCESS_KEYS,
    Sql,
    agree_by_day,
    column_on_sql,
    is_input,
    matches,
    pair_on_pandas,
    pair_on_sql,
    texts_on_pandas,
)
from kho.rules.expectations.rendering import InVietnamese
from kho.rules.identifiers import DOSSIER_CODE, dossier_date, is_dossier_code

# Days that every month has: nearly all codes are known to be good by one look.
_COMMON_DAY = "[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])"


def _day(code: Sql) -> Sql:
    # An agency code has no hyphen, so in either form the day is the second part.
    return sa.literal("20").concat(sa.func.split_part(code, "-", 2))


def dossier_code_sql(code: Sql) -> Sql:
    """The SQL of `is_dossier_code`."""
    return sa.case(
        (matches(code, f"^{DOSSIER_CODE.replace('[0-9]{6}', _COMMON_DAY)}$"), sa.true()),
        (matches(code, f"^{DOSSIER_CODE}$"), is_input(_day(code), "date")),
        else_=sa.false(),
    )


class ColumnValuesDossierCode(ColumnMapMetricProvider):
    """Whether a value is a dossier code."""

    condition_metric_name = "column_values.dossier_code"
    _pandas = texts_on_pandas(is_dossier_code)
    _sqlalchemy = column_on_sql(dossier_code_sql)


class ExpectColumnValuesToBeDossierCode(InVietnamese, ColumnMapExpectation):
    """Expect dossier codes: agency code, a real date as YYMMDD, at least four letters or digits."""

    map_metric = "column_values.dossier_code"


def _dates_match(codes: "pd.Series[Any]", days: "pd.Series[Any]") -> "pd.Series[bool]":
    def matches_day(code: str, day: date) -> bool:
        return not is_dossier_code(code) or dossier_date(code) == day

    return agree_by_day(codes, days, matches_day)


def _dates_match_sql(code: Sql, day: Sql) -> Sql:
    # A good code has two hyphens, with the date of this century between them. To look for it is cheap,
    # and finds it in all rows but the bad ones. CASE, because DuckDB computes both sides of an OR.
    named = sa.func.strpos(code, sa.func.to_char(day, "-YYMMDD-")) > 0
    in_century = sa.and_(day >= sa.literal(date(2000, 1, 1)), day < sa.literal(date(2100, 1, 1)))
    return sa.case((sa.and_(in_century, named), sa.true()), else_=sa.not_(dossier_code_sql(code)))


class ColumnPairValuesDossierDate(ColumnPairMapMetricProvider):
    """Whether the date inside a dossier code is the date of a timestamp."""

    condition_metric_name = "column_pair_values.dossier_date"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()
    _pandas = pair_on_pandas(_dates_match)
    _sqlalchemy = pair_on_sql(_dates_match_sql)


class ExpectDossierCodeDateToMatch(InVietnamese, ColumnPairMapExpectation):
    """Expect the date inside the dossier code (A) to be the date of the timestamp (B).

    Says nothing about a code that is not well formed; another rule does.
    """

    map_metric = "column_pair_values.dossier_date"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

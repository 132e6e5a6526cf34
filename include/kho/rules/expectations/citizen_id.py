"""Citizen ids (số định danh cá nhân), alone and against sex and date of birth."""

from datetime import date
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation, ColumnPairMapExpectation
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
    agree,
    agree_by_day,
    column_on_sql,
    digit,
    matches,
    pair_on_pandas,
    pair_on_sql,
    part,
    texts_on_pandas,
    year_of,
)
from kho.rules.expectations.rendering import InVietnamese
from kho.rules.identifiers import (
    BIRTH_PROVINCES,
    citizen_birth_year,
    citizen_is_female,
    is_citizen_id,
)


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


class ExpectColumnValuesToBeCitizenId(InVietnamese, ColumnMapExpectation):
    """Expect citizen ids: 12 digits that begin with one of the 63 provinces before 1 July 2025.

    There is no checksum. The old identity card of 9 digits (CMND) is refused.
    """

    map_metric = "column_values.citizen_id"


def _births_match(ids: "pd.Series[Any]", days: "pd.Series[Any]") -> "pd.Series[bool]":
    def matches_year(citizen_id: str, day: date) -> bool:
        return not is_citizen_id(citizen_id) or citizen_birth_year(citizen_id) == day.year

    return agree_by_day(ids, days, matches_year)


def _births_match_sql(citizen_id: Sql, day: Sql) -> Sql:
    # 0 and 1 are of the twentieth century, 2 and 3 of the next, and so on.
    fourth = part(citizen_id, 4, 1)
    century = sa.case(*((fourth.in_([str(2 * n), str(2 * n + 1)]), 1900 + 100 * n) for n in range(5)))
    year = century + digit(citizen_id, 5) * 10 + digit(citizen_id, 6)
    return sa.or_(year == year_of(day), sa.not_(citizen_id_sql(citizen_id)))


def _sexes_match(
    ids: "pd.Series[Any]", sexes: "pd.Series[Any]", male: list[str], female: list[str]
) -> "pd.Series[bool]":
    def matches_sex(citizen_id: str, sex: str) -> bool:
        if not is_citizen_id(citizen_id) or sex not in (*male, *female):
            return True
        return citizen_is_female(citizen_id) == (sex in female)

    return agree(ids, sexes, matches_sex)


def _sexes_match_sql(citizen_id: Sql, sex: Sql, male: list[str], female: list[str]) -> Sql:
    odd = part(citizen_id, 4, 1).in_(["1", "3", "5", "7", "9"])
    differs = sa.or_(sa.and_(sex.in_(male), odd), sa.and_(sex.in_(female), sa.not_(odd)))
    return sa.not_(sa.and_(differs, citizen_id_sql(citizen_id)))


class ColumnPairValuesCitizenBirth(ColumnPairMapMetricProvider):
    """Whether the year of birth inside a citizen id is that of a date."""

    condition_metric_name = "column_pair_values.citizen_birth"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ()
    _pandas = pair_on_pandas(_births_match)
    _sqlalchemy = pair_on_sql(_births_match_sql)


class ExpectCitizenIdToMatchBirthDate(InVietnamese, ColumnPairMapExpectation):
    """Expect the year of birth inside the citizen id (A) to be that of the date of birth (B).

    Says nothing about an id that is not well formed; another rule does.
    """

    map_metric = "column_pair_values.citizen_birth"
    success_keys = PAIR_SUCCESS_KEYS
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"


class ColumnPairValuesCitizenSex(ColumnPairMapMetricProvider):
    """Whether the sex inside a citizen id is that of a code."""

    condition_metric_name = "column_pair_values.citizen_sex"
    condition_domain_keys = PAIR_DOMAIN_KEYS
    condition_value_keys = ("male", "female")
    _pandas = pair_on_pandas(_sexes_match, condition_value_keys)
    _sqlalchemy = pair_on_sql(_sexes_match_sql, condition_value_keys)


class ExpectCitizenIdToMatchSex(InVietnamese, ColumnPairMapExpectation):
    """Expect the sex inside the citizen id (A) to be that of the code (B).

    Args:
        male: the codes that mean a man; sources differ.
        female: those that mean a woman; any other code says nothing.
    """

    map_metric = "column_pair_values.citizen_sex"
    success_keys = (*PAIR_SUCCESS_KEYS, "male", "female")
    male: list[str]
    female: list[str]
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

"""Whether a dossier is on time: what a system says against what its dates say.

QĐ 766/QĐ-TTg (2022): finished no later than due, where time that the applicant took for supplements does not
count, and more than one request for supplements counts as late.
"""

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from kho.rules.expectations.columns import (
    MULTICOLUMN_DOMAIN_KEYS,
    MULTICOLUMN_SUCCESS_KEYS,
    Sql,
    plus_days,
    row_on_pandas,
    row_on_sql,
)
from kho.rules.expectations.rendering import InVietnamese


def _flag_matches(row: Sequence[Any], on_time: list[str], late: list[str]) -> bool:
    flag, finished, due, supplements, waited = row
    if flag not in (*on_time, *late):
        return True
    deadline = pd.Timestamp(due) + pd.Timedelta(days=int(waited))
    return (flag in on_time) == (pd.Timestamp(finished) <= deadline and supplements <= 1)


def _flag_matches_sql(columns: Sequence[Sql], on_time: list[str], late: list[str]) -> Sql:
    flag, finished, due, supplements, waited = columns
    is_on_time = sa.and_(finished <= plus_days(due, waited), supplements <= 1)
    return sa.not_(
        sa.or_(sa.and_(flag.in_(on_time), sa.not_(is_on_time)), sa.and_(flag.in_(late), is_on_time))
    )


class MulticolumnOnTimeFlag(MulticolumnMapMetricProvider):
    """Whether a flag says what the dates say."""

    condition_metric_name = "multicolumn_values.on_time_flag"
    condition_domain_keys = MULTICOLUMN_DOMAIN_KEYS
    condition_value_keys = ("on_time", "late")
    _pandas = row_on_pandas(_flag_matches, condition_value_keys)
    _sqlalchemy = row_on_sql(_flag_matches_sql, condition_value_keys)


class ExpectOnTimeFlagToMatch(InVietnamese, MulticolumnMapExpectation):
    """Expect a stated flag to be what its dates give.

    `column_list`: the flag; when it was finished; when it was due; how many supplements were asked for; how
    many days the applicant took for them.

    Args:
        on_time: the flags that mean on time.
        late: those that mean late; any other flag says nothing.
    """

    map_metric = "multicolumn_values.on_time_flag"
    success_keys = (*MULTICOLUMN_SUCCESS_KEYS, "on_time", "late")
    on_time: list[str]
    late: list[str]
    ignore_row_if: Literal["any_value_is_missing"] = "any_value_is_missing"

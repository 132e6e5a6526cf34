"""Values unlike those of comparable nights, in words for those who judge them.

In: `dq.anomaly`, the contracts' titles. Out: the night's findings that nobody has judged. They are questions,
no faults: nothing of them is in a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.anomalies.cases import list_anomalies
from kho.anomalies.config import indicator_titles
from kho.anomalies.words import explained_vi, measure_vi, value_vi
from kho.contracts import load_contract

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import sqlalchemy as sa

    from kho.anomalies.cases import Anomaly

MOST = 40


@dataclass(frozen=True, slots=True)
class UnusualValue:
    """One finding: of which dataset and agency, what, its value, and what is usual."""

    number: int
    dataset: str
    agency: str
    measure: str
    value: str
    usual: str


@dataclass(frozen=True, slots=True)
class UnusualValues:
    """The findings to judge; `count` says how many there are in all."""

    count: int
    items: tuple[UnusualValue, ...]


def read_anomalies(db: sa.Connection, as_of: date, config: Path) -> UnusualValues:
    """The open findings of the night of `as_of`."""
    count, found = list_anomalies(db, status="open", since=as_of, until=as_of, limit=MOST)
    titles = {dataset: _titles(dataset, config) for dataset in {one.dataset for one in found}}
    return UnusualValues(count, tuple(_item(one, titles[one.dataset]) for one in found))


def _titles(dataset: str, config: Path) -> dict[str, str]:
    columns = {column.name: column.title for column in load_contract(dataset).columns}
    return columns | indicator_titles(dataset, config)


def _item(one: Anomaly, titles: dict[str, str]) -> UnusualValue:
    return UnusualValue(
        number=one.anomaly_id,
        dataset=one.dataset,
        agency=one.agency_name or one.agency_code,
        measure=measure_vi(one.metric, titles),
        value=value_vi(one, one.value),
        usual=explained_vi(one),
    )

"""What runs when: assets, partitions, pools, and what every task has in common.

One partition is one night, and its key is the night's date, from the clock through every dataset to the
report. A consumer starts when all of its assets were updated for the same night.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from functools import reduce
from operator import and_
from typing import Any

from airflow.sdk import (
    Asset,
    CronPartitionTimetable,
    PartitionedAssetTimetable,
    get_parsing_context,
)

from kho.contracts import Contract, dataset_names
from kho.contracts.sources import RestSource
from kho.settings import TIMEZONE
from kho_notifier import OperatorsNotifier
from kho_steps import ErrorDecides

NIGHTLY = "0 1 * * *"
KEY_FORMAT = "%Y-%m-%d"
STAR = Asset("star", uri="kho://star")

TASK_DEFAULTS: dict[str, Any] = {
    "owner": "kho",
    "retries": 3,
    "retry_delay": datetime.timedelta(seconds=5),
    "retry_exponential_backoff": 2,
    "max_retry_delay": datetime.timedelta(minutes=5),
    "retry_policy": ErrorDecides(),
    "execution_timeout": datetime.timedelta(minutes=45),
    "pool": "default_pool",
    "on_failure_callback": OperatorsNotifier(),
}


def dataset_asset(dataset: str) -> Asset:
    """The asset that says that a dataset's night is over, good or bad."""
    return Asset(dataset, uri=f"kho://dataset/{dataset}")


def after_datasets(datasets: Iterable[str]) -> CronPartitionTimetable | PartitionedAssetTimetable:
    """When all `datasets` are through with the same night; without any, at one o'clock."""
    assets: list[Any] = [dataset_asset(name) for name in datasets]
    if not assets:
        return CronPartitionTimetable(NIGHTLY, timezone=TIMEZONE, key_format=KEY_FORMAT)
    return PartitionedAssetTimetable(assets=reduce(and_, assets))


def after_star() -> PartitionedAssetTimetable:
    """When the star of the night is built."""
    return PartitionedAssetTimetable(assets=STAR)


def pool_of(contract: Contract) -> str:
    """The pool that keeps us from asking one source too much at once."""
    return "default_pool" if contract.source.kind == "reference" else contract.source.connection


def weight_of(contract: Contract) -> int:
    """How soon a dataset is fetched where several wait for a source's pool; the greater, the sooner.

    The one that takes longest goes first, or the night would end with it alone. The more windows a source is
    asked in, the more it has to tell.
    """
    window = contract.source.window if isinstance(contract.source, RestSource) else None
    if window is None or window.max_days is None:
        return 1
    return math.ceil(window.history_days / window.max_days)


def datasets_to_parse() -> tuple[str, ...]:
    """All datasets, or the one whose task this process runs: the others' contracts can wait."""
    wanted = get_parsing_context().dag_id
    names = dataset_names()
    return (wanted,) if wanted in names else names

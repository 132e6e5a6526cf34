"""What is wrong at the moment, cause by cause, as the warehouse records it.

In: the warehouse, the contracts, the time. Out: `Cause`s. What has one reason is one cause: datasets that
fail because their common connection does, or because we do, are told together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kho.alerts.config import AlertConfig, Kind, local
from kho.report.vietnamese import day, number, period
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract

_OF_CONNECTIONS = ("gateway_down", "authentication")
_OF_OWNERS = ("source_late", "contract_breach", "data_defect")
# Told to those who own the dataset; everything else is for those who run the platform.
_FOR_OWNERS: tuple[Kind, ...] = ("submission_missing", "anomaly_open", "case_expired")
_SHOWN_DATASETS = 8


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is wrong.

    Attributes:
        key: the same as long as it is the same cause.
        wording: which sentences of `templates/alerts.yaml` tell it.
        owner: agency code of who is told; None: those who run the platform.
        about: what the sentences are filled with.
        place: path below the board.
        is_old: whether it is too old to begin to tell.
    """

    key: str
    kind: Kind
    wording: str
    owner: str | None
    is_urgent: bool
    about: Mapping[str, str]
    place: str
    is_old: bool = False


def read_causes(
    db: sa.Connection, contracts: Iterable[Contract], config: AlertConfig, now: datetime
) -> tuple[Cause, ...]:
    """All causes that stand at the moment, in a fixed order."""
    by_slug = {contract.dataset: contract for contract in contracts}
    asked = {"datasets": sorted(by_slug), "as_of": night_that_is_over(config, now)}
    found: list[Cause] = []
    for kind, tell in _TOLD.items():
        rows = run_file(db, f"alerts/{kind}.sql", **asked, old_days=config.old_after_days).mappings()
        found += tell([dict(row) for row in rows if row.get("dataset", "") in {*by_slug, ""}], by_slug)
    answers = who_answers(db, local(now).date())
    return tuple(
        replace(
            cause,
            is_urgent=cause.kind in config.urgent,
            # Of a dissolved owner the successor is told; without one those who run the platform.
            owner=answers.get(cause.owner, cause.owner) if cause.owner else None,
        )
        for cause in found
    )


def who_answers(db: sa.Connection, day: date) -> dict[str, str | None]:
    """Who answers for the matters of each agency: itself, its successor, or None: nobody."""
    return {row.agency_code: row.answers_code for row in run_file(db, "quality/answering.sql", as_of=day)}


def night_that_is_over(config: AlertConfig, now: datetime) -> date:
    """The last night that has to be over by now."""
    here = local(now)
    return here.date() - timedelta(days=0 if here.time() >= config.night_over_by else 1)


def _failed(rows: list[dict[str, Any]], contracts: Mapping[str, Contract]) -> Iterator[Cause]:
    """One cause per connection, one for all that is our own fault, one per dataset for the rest."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        fault, dataset = row["fault"] or "own_fault", row["dataset"]
        if fault in _OF_CONNECTIONS:
            source = contracts[dataset].source
            groups[fault, str(getattr(source, "connection", dataset))].append(row)
        else:
            groups[fault, dataset if fault in _OF_OWNERS else ""].append(row)
    for (fault, subject), together in groups.items():
        datasets = [row["dataset"] for row in together]
        about = {
            "datasets": _titles(datasets, contracts),
            "count": number(len(datasets)),
            "connection": subject,
            "since": day(min(row["since"] for row in together)),
        }
        owner = contracts[datasets[0]].quality.owner_agency if fault in _OF_OWNERS else None
        wording = f"dataset_failed.{fault}" if fault in (*_OF_CONNECTIONS, *_OF_OWNERS) else _OURS
        place = f"datasets/{datasets[0]}" if len(datasets) == 1 else ""
        yield Cause(
            f"dataset_failed:{fault}:{subject}", "dataset_failed", wording, owner, False, about, place
        )


_OURS = "dataset_failed.own_fault"


def _titles(datasets: list[str], contracts: Mapping[str, Contract]) -> str:
    shown = [f"“{contracts[name].title}”" for name in datasets[:_SHOWN_DATASETS]]
    more = len(datasets) - len(shown)
    return ", ".join(shown) + (f" và {number(more)} bộ khác" if more else "")


def _per_dataset(kind: Kind, place: str, part: str = "") -> Any:
    """Tells a kind that has a row per dataset, or per dataset and `part`, which is then part of the key."""

    def tell(rows: list[dict[str, Any]], contracts: Mapping[str, Contract]) -> Iterator[Cause]:
        for row in rows:
            contract = contracts[row["dataset"]]
            yield Cause(
                key=":".join(filter(None, (kind, row["dataset"], str(row[part]) if part else ""))),
                kind=kind,
                wording=kind,
                owner=contract.quality.owner_agency if kind in _FOR_OWNERS else None,
                is_urgent=False,
                about={"dataset": contract.title, **_as_words(row)},
                place=place.format(**row),
                is_old=bool(row.get("is_old")),
            )

    return tell


def _of_the_platform(kind: Kind, place: str = "") -> Any:
    """Tells a kind that has one row or none."""

    def tell(rows: list[dict[str, Any]], _: Mapping[str, Contract]) -> Iterator[Cause]:
        for row in rows:
            yield Cause(kind, kind, kind, None, False, _as_words(row), place)

    return tell


def _unfinished(rows: list[dict[str, Any]], _: Mapping[str, Contract]) -> Iterator[Cause]:
    for row in rows:
        wording = "night_unfinished" if row["missing"] else "night_unfinished.star"
        yield Cause("night_unfinished", "night_unfinished", wording, None, False, _as_words(row), "")


def _as_words(row: Mapping[str, Any]) -> dict[str, str]:
    """Numbers and days as officials read them; flags and ids are left out."""
    words: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, date):
            words[name] = day(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            words[name] = number(value)
        elif name == "period_code":
            words["period"] = period(value)
    return words


_TOLD: dict[Kind, Any] = {
    "night_unfinished": _unfinished,
    "dataset_failed": _failed,
    "gate_waiting": _per_dataset("gate_waiting", "batches/{batch_id}", "batch_id"),
    "unbalanced": _per_dataset("unbalanced", "batches/{batch_id}"),
    "invariant_broken": _of_the_platform("invariant_broken"),
    "schema_changed": _per_dataset("schema_changed", "datasets/{dataset}"),
    "submission_missing": _per_dataset(
        "submission_missing", "submissions?dataset={dataset}&state=not_reported", "period_code"
    ),
    "case_expired": _per_dataset("case_expired", "cases?dataset={dataset}&status=expired"),
    "anomaly_open": _per_dataset("anomaly_open", "datasets/{dataset}"),
}
"""How each kind's rows become causes, in the order in which they are told."""

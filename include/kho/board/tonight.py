"""A night at a glance: how far each dataset has come, and what waits for a person.

In: a night's date. Out: a `Night`. A dataset's stages are told by what the ledger has of it, so a night
that is under way can be watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from kho.quality.gate import Gate, list_gates
from kho.report.vietnamese import technical
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

STAGES = ("extracted", "staged", "validated", "loaded", "reported")
State = Literal["done", "standing", "waits", "failed", "not_yet"]

_REACHED = {"landed": 1, "staged": 2, "validated": 3, "blocked": 2, "loaded": 4}
_MOST_NIGHTS = 60


@dataclass(frozen=True, slots=True)
class DatasetNight:
    """One dataset in a night.

    Attributes:
        stages: what became of each of `STAGES`; `standing` where an earlier batch has the same content.
        outcome: loaded, unchanged, blocked or failed; None while it is under way.
        batch_id: the batch of the night, or the one that stands; None if nothing was landed.
        fetched, accepted, quarantined, duplicates, loaded: rows of the batch; None before they are counted.
        balanced: whether the count equation holds.
        message, next_step: what went wrong, without data, and what to do.
    """

    dataset: str
    stages: tuple[State, ...]
    outcome: str | None
    fault: str | None
    message: str
    next_step: str
    batch_id: str | None
    at: datetime | None
    fetched: int | None
    accepted: int | None
    quarantined: int | None
    duplicates: int | None
    loaded: int | None
    balanced: bool | None


@dataclass(frozen=True, slots=True)
class NightReport:
    """A report, or a draft that waits."""

    report_id: int
    kind: str
    as_of: date
    state: str
    number: int | None
    number_year: int | None


@dataclass(frozen=True, slots=True)
class Night:
    """All that is known of a night.

    Attributes:
        as_of: the night; None before the first.
        nights: the nights that can be asked for, the newest first.
        drafts: reports that wait for approval, of whatever night.
        reports: the reports of this night.
    """

    as_of: date | None
    nights: tuple[date, ...]
    datasets: tuple[DatasetNight, ...]
    gates: tuple[Gate, ...]
    drafts: tuple[NightReport, ...]
    reports: tuple[NightReport, ...]


def read_night(engine: sa.Engine, as_of: date | None = None) -> Night:
    """The night of `as_of`, or the last one."""
    with engine.connect() as db:
        nights = tuple(run_file(db, "board/nights.sql", most=_MOST_NIGHTS).scalars())
        as_of = as_of or (nights[0] if nights else None)
        reports = [
            NightReport(**row) for row in run_file(db, "board/reports_of_night.sql", as_of=as_of).mappings()
        ]
        of_night = tuple(report for report in reports if report.as_of == as_of)
        rows = run_file(db, "board/stages.sql", as_of=as_of).all()
    return Night(
        as_of=as_of,
        nights=nights,
        datasets=tuple(_dataset(row, is_reported=bool(of_night)) for row in rows),
        gates=list_gates(engine),
        drafts=tuple(report for report in reports if report.state == "draft"),
        reports=of_night,
    )


def _dataset(row: sa.Row[Any], *, is_reported: bool) -> DatasetNight:
    return DatasetNight(
        dataset=row.dataset,
        stages=_stages(row.outcome, row.status, is_reported=is_reported),
        outcome=row.outcome,
        fault=row.fault,
        message=technical(row.message or ""),
        next_step=technical(row.next_step or ""),
        batch_id=row.batch_id,
        at=row.finished_at or row.loaded_at or row.landed_at,
        fetched=row.fetched,
        accepted=row.accepted,
        quarantined=row.quarantined,
        duplicates=row.duplicates,
        loaded=row.loaded,
        balanced=row.balanced,
    )


def _stages(outcome: str | None, status: str | None, *, is_reported: bool) -> tuple[State, ...]:
    """What became of each stage, of the night's outcome and the status of its batch."""
    reported: State = "done" if is_reported and outcome else "not_yet"
    if outcome == "unchanged":
        return ("done", "standing", "standing", "standing", reported)
    reached = 4 if outcome == "loaded" else _REACHED.get(status or "", 0)
    steps: list[State] = ["done" if place < reached else "not_yet" for place in range(4)]
    if reached < 4 and (status == "blocked" or outcome in ("blocked", "failed")):
        steps[reached] = "waits" if status == "blocked" else "failed"
    return (*steps, reported)

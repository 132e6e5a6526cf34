"""What a replay was, and what it did to the scores: `dq.replay`.

In: a dataset and what is replayed. Out: an entry that says who, why, which batches, and the scores before and
after. An entry is opened before anything else and finished last; a replay that was killed finds its entry
unfinished and goes on with it, so that "before" stays what it was before the first attempt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from kho.errors import ConfigurationError
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

Tallies = Mapping[str, Mapping[str, int]]
"""By principle: `evaluated` and `failed`; of open cases also `of_cases`, the failures that are theirs."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay under way; `night` is empty for one of open cases."""

    replay_id: int
    dataset: str
    night: date | None
    before: Tallies


@dataclass(frozen=True, slots=True)
class ReplayEntry:
    """A replay in the log, as people see it."""

    replay_id: int
    dataset: str
    kind: str
    night: date | None
    rule_id: str | None
    started_by: str
    reason: str
    started_at: datetime
    outcome: str | None
    note: str | None
    open_before: int
    open_after: int | None
    scores_before: Tallies
    scores_after: Tallies | None

    @property
    def difference(self) -> str:
        """`correct 97.10 → 98.20`, for each principle that changed."""
        return difference(self.scores_before, self.scores_after or {})


def open_replay(
    engine: sa.Engine, dataset: str, *, night: date | None, rule: str | None, by: str, reason: str
) -> Replay:
    """Open the entry of a replay, or find the one that was left unfinished.

    Raises:
        ConfigurationError: nobody says who or why.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a replay needs a name and a reason",
            dataset=dataset,
            next_step="say who replays (--by) and why (--reason)",
        )
    with engine.begin() as db:
        if night:
            rows = run_file(db, "quality/scores_of_night.sql", dataset=dataset, night=night)
        else:
            rows = run_file(db, "quality/results_behind_cases.sql", dataset=dataset, rule=rule)
        scores = {row.pop("principle"): row for row in map(dict[str, Any], rows.mappings())}
        row = run_file(
            db,
            "quality/open_replay.sql",
            dataset=dataset,
            kind="day" if night else "open_cases",
            night=night,
            rule=rule,
            by=by.strip(),
            reason=reason.strip(),
            scores=json.dumps(scores),
        ).one()
    return Replay(row.replay_id, dataset, night, row.scores_before)


def note_batch(engine: sa.Engine, replay: Replay, batch_id: str) -> None:
    """Say that a batch belongs to the replay."""
    with engine.begin() as db:
        run_file(db, "quality/note_replay_batch.sql", replay_id=replay.replay_id, batch_id=batch_id)


def hold_replay(engine: sa.Engine, replay: Replay, note: str) -> None:
    """Say why the replay waits for a person; its entry stays unfinished."""
    with engine.begin() as db:
        run_file(db, "quality/hold_replay.sql", replay_id=replay.replay_id, note=note)


def replay_behind(engine: sa.Engine, batch_id: str) -> Replay | None:
    """The unfinished replay that a batch belongs to, if there is one."""
    with engine.connect() as db:
        row = run_file(db, "quality/replay_behind.sql", batch_id=batch_id).one_or_none()
    return Replay(row.replay_id, row.dataset, row.night, row.scores_before) if row else None


def finish_replay(engine: sa.Engine, replay: Replay, outcome: str, note: str | None = None) -> str:
    """Close the entry; returns how the scores changed."""
    with engine.begin() as db:
        after = _after(db, replay)
        run_file(
            db,
            "quality/finish_replay.sql",
            replay_id=replay.replay_id,
            outcome=outcome,
            note=note,
            scores=json.dumps(after),
        )
    return difference(replay.before, after)


def list_replays(engine: sa.Engine, dataset: str | None = None, limit: int = 20) -> tuple[ReplayEntry, ...]:
    """The newest replays."""
    with engine.connect() as db:
        rows = run_file(db, "quality/list_replays.sql", dataset=dataset, at_most=limit).mappings()
        return tuple(ReplayEntry(**row) for row in rows)


def difference(before: Tallies, after: Tallies) -> str:
    """The principles whose score changed; empty if none did."""
    changed = []
    for principle in sorted(before.keys() | after.keys()):
        old, new = score(before.get(principle)), score(after.get(principle))
        if old != new:
            changed.append(f"{principle} {_shown(old)} → {_shown(new)}")
    return ", ".join(changed)


def score(tally: Mapping[str, int] | None) -> Decimal | None:
    """The share of rows that pass, times 100, rounded down; none without evidence."""
    if not tally or not tally["evaluated"]:
        return None
    passed = Decimal(tally["evaluated"] - tally["failed"]) / tally["evaluated"]
    return (passed * 100).quantize(Decimal("0.01"), ROUND_FLOOR)


def _shown(value: Decimal | None) -> str:
    return "none" if value is None else str(value)


def _after(db: sa.Connection, replay: Replay) -> dict[str, dict[str, int]]:
    if replay.night:
        rows = run_file(db, "quality/scores_of_night.sql", dataset=replay.dataset, night=replay.night)
        return {row.principle: {"evaluated": row.evaluated, "failed": row.failed} for row in rows}
    batches = run_file(db, "quality/replay_batches.sql", replay_id=replay.replay_id).scalar_one()
    found = run_file(db, "quality/results_of_batches.sql", batches=batches)
    now = {row.principle: row.failed for row in found}
    return {
        principle: {
            "evaluated": tally["evaluated"],
            "failed": max(0, tally["failed"] - tally["of_cases"]) + now.get(principle, 0),
        }
        for principle, tally in replay.before.items()
    }

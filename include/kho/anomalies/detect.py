"""Find what in tonight's batch is unlike comparable nights.

In: the batch's profile, the profiles of earlier nights, what people said of them. Out: rows of `dq.anomaly`.
It reads profiles alone, never data, and may run again: a night has each finding once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from kho.anomalies.baseline import Calendar, Finding, Past, Scale, Verdict, look
from kho.anomalies.config import Kind, Watch
from kho.anomalies.profile import WHOLE
from kho.anomalies.seasons import Season, season_of
from kho.sql_files import run_file

ROWS = "rows"
_KINDS: Mapping[str, Kind] = {
    "rows": "volume",
    "nulls": "nulls",
    "share": "share",
    "p10": "distribution",
    "p50": "distribution",
    "p90": "distribution",
    "indicator": "indicator",
}
_NOT_TAKEN = (np.nan, 0)
Night = Mapping[str, tuple[float, int]]
"""A profile: by metric its value and of how many rows."""


@dataclass(frozen=True)
class Found:
    """One finding."""

    agency_code: str
    metric: str
    kind: Kind
    finding: Finding


def find_anomalies(engine: sa.Engine, watch: Watch, dataset: str, batch_id: str, as_of: date) -> int:
    """Look at a loaded batch; returns how many of its values are unlike comparable nights."""
    with engine.begin() as db:
        profiles = run_file(db, "quality/read_profile.sql", batch_id=batch_id)
        tonight = {row.agency_code: row for row in profiles}
        if WHOLE not in tonight:
            return 0
        scope = tonight[WHOLE].scope
        season = season_of(as_of, covered_days(scope))
        since = as_of - timedelta(days=watch.limits.history_days)
        verdicts = _verdicts(db, watch, dataset, since, as_of)
        found: list[Found] = []
        spans = [(False, watch.limits.history_days)]
        if watch.agency_column is not None:
            spans.append((True, watch.limits.agency_history_days))
        for of_agencies, days in spans:
            earlier = _read(db, dataset, scope, as_of - timedelta(days=days), as_of, of_agencies=of_agencies)
            now = {
                code: as_night(row.row_count, row.metrics)
                for code, row in tonight.items()
                if (code != WHOLE) == of_agencies
            }
            found += look_at(watch, as_of, season, scope, now, earlier, verdicts)
        found = list(strongest(found))
        _keep(db, dataset, batch_id, as_of, season, found)
        run_file(db, "quality/note_looked.sql", batch_id=batch_id)
    return len(found)


def is_to_be_looked_at(engine: sa.Engine, batch_id: str) -> bool:
    """Whether a batch was measured and not yet compared with earlier nights."""
    with engine.connect() as db:
        query = "SELECT looked_at IS NULL FROM dq.profile WHERE batch_id = :id AND agency_code = ''"
        return bool(db.scalar(sa.text(query), {"id": batch_id}))


def covered_days(scope: str) -> int:
    """How many days of changes a batch covers."""
    number = scope.partition(" ")[0]
    return int(number) if number.isdigit() else 1


@dataclass(frozen=True)
class Earlier:
    """The profiles of earlier nights: the nights in order, and by agency each night's profile."""

    nights: tuple[date, ...]
    profiles: dict[str, dict[int, Night]]


def _read(
    db: sa.Connection, dataset: str, scope: str, since: date, as_of: date, *, of_agencies: bool
) -> Earlier:
    rows = run_file(
        db,
        "quality/read_profiles.sql",
        dataset=dataset,
        scope=scope,
        since=since,
        as_of=as_of,
        of_agencies=of_agencies,
    ).all()
    nights = {night: index for index, night in enumerate(sorted({row.as_of for row in rows}))}
    profiles: dict[str, dict[int, Night]] = defaultdict(dict)
    for row in rows:
        profiles[row.agency_code][nights[row.as_of]] = as_night(row.row_count, row.metrics)
    return Earlier(tuple(nights), profiles)


def as_night(rows: int, metrics: Mapping[str, Any]) -> Night:
    return {ROWS: (float(rows), rows), **{name: (value, int(n)) for name, (value, n) in metrics.items()}}


def _verdicts(
    db: sa.Connection, watch: Watch, dataset: str, since: date, as_of: date
) -> dict[tuple[str, str], dict[date, Verdict]]:
    """What was said of earlier values; one that nobody judged stays open for some time only."""
    told: dict[tuple[str, str], dict[date, Verdict]] = defaultdict(dict)
    undecided = as_of - timedelta(days=watch.limits.undecided_days)
    for row in run_file(db, "quality/read_verdicts.sql", dataset=dataset, since=since, as_of=as_of):
        if row.status != "open" or row.as_of >= undecided:
            told[row.agency_code, row.metric][row.as_of] = row.status
    return told


def look_at(
    watch: Watch,
    as_of: date,
    season: Season,
    scope: str,
    tonight: Mapping[str, Night],
    earlier: Earlier,
    verdicts: Mapping[tuple[str, str], Mapping[date, Verdict]],
) -> Iterator[Found]:
    if len(earlier.nights) < watch.limits.minimum_nights:
        return
    covers = covered_days(scope)
    calendar = Calendar(as_of, season, earlier.nights, [season_of(night, covers) for night in earlier.nights])
    nothing: Night = {ROWS: (0.0, 0)}
    for code in sorted({*tonight, *earlier.profiles}):
        now = tonight.get(code, nothing)
        past = [earlier.profiles.get(code, {}).get(index, nothing) for index in range(len(earlier.nights))]
        for metric in sorted(set(now).union(*past)):
            kind = _KINDS.get(metric.partition(":")[0])
            measured = _of(now, metric)
            if kind is None or measured is None:
                continue
            scale = _scale(metric, kind, watch)
            if scale != "amount" and measured[1] < watch.limits.minimum_rows:
                continue
            taken = np.array([_of(profile, metric) or _NOT_TAKEN for profile in past])
            series = Past(taken[:, 0], taken[:, 1], verdicts.get((code, metric), {}))
            finding = look(kind, scale, *measured, series, calendar, watch.limits)
            if finding:
                yield Found(code, metric, kind, finding)


def _of(profile: Night, metric: str) -> tuple[float, int] | None:
    """A profile's value; a category that no row has is a share of nothing."""
    found = profile.get(metric)
    if found is not None:
        return found
    if metric.startswith("share:"):
        column = metric.removeprefix("share:").partition("=")[0]
        total = profile.get(f"shares:{column}")
        return (0.0, total[1]) if total else None
    return None


def _scale(metric: str, kind: Kind, watch: Watch) -> Scale:
    if kind == "volume":
        return "amount"
    if kind in ("nulls", "share"):
        return "share"
    if kind == "distribution":
        return "number"
    name = metric.partition(":")[2]
    indicator = next((one for one in watch.indicators if one.name == name), None)
    if indicator is None:
        return "number"
    return {"sum": "amount", "share_not_later": "share"}.get(indicator.kind, "number")  # type: ignore[return-value]


def strongest(found: list[Found]) -> Iterator[Found]:
    """One finding where several say the same: of a column's shares or quantiles, of all agencies at once."""
    whole = {(one.metric, one.finding.is_high) for one in found if one.agency_code == WHOLE}
    best: dict[tuple[str, str], Found] = {}
    for one in found:
        if one.agency_code != WHOLE and (one.metric, one.finding.is_high) in whole:
            continue
        subject = one.metric
        if one.kind in ("share", "distribution"):
            subject = f"{one.kind} {one.metric.partition(':')[2].partition('=')[0]}"
        key = (one.agency_code, subject)
        if key not in best or one.finding.deviations > best[key].finding.deviations:
            best[key] = one
    yield from best.values()


def _keep(
    db: sa.Connection, dataset: str, batch_id: str, as_of: date, season: Season, found: list[Found]
) -> None:
    night = {"dataset": dataset, "batch_id": batch_id, "as_of": as_of}
    if found:
        run_file(
            db,
            "quality/keep_anomalies.sql",
            **night,
            agencies=[one.agency_code for one in found],
            metrics=[one.metric for one in found],
            kinds=[one.kind for one in found],
            seasons=[season.key for _ in found],
            values=[one.finding.value for one in found],
            centers=[one.finding.center for one in found],
            lows=[one.finding.low for one in found],
            highs=[one.finding.high for one in found],
            evidence=[json.dumps(_evidence(one.finding)) for one in found],
        )
    run_file(db, "quality/withdraw_anomalies.sql", **night)


def _evidence(finding: Finding) -> dict[str, Any]:
    """What a person needs to judge it, as it is kept."""
    return {
        "deviations": round(finding.deviations, 1),
        "rows": finding.rows,
        "group": finding.group,
        "nights": finding.nights,
        "wide": finding.wide,
        "comparable": [[night.isoformat(), value] for night, value in finding.comparable],
        "expected": [[night.isoformat(), value] for night, value in finding.expected],
    }

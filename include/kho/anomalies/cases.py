"""The findings that people judge.

In: filters, or a verdict with its author and reason. Out: `Anomaly`s, each with its evidence. A verdict
is kept, and so is the one it replaces; the next nights learn from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kho.errors import ConfigurationError
from kho.sql_files import run_file

STATES = ("open", "expected", "defect", "withdrawn")
Verdict = Literal["expected", "defect"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One value unlike those of comparable nights; `evidence` says why."""

    anomaly_id: int
    dataset: str
    agency_code: str
    agency_name: str
    metric: str
    as_of: date
    kind: str
    season: str
    value: float
    center: float
    low: float
    high: float
    evidence: dict[str, Any]
    status: str
    judged_by: str | None
    judged_at: datetime | None
    reason: str | None
    earlier_verdicts: list[dict[str, Any]]
    batch_id: str

    @property
    def comparable(self) -> list[tuple[date, float]]:
        """The comparable nights and their values, the latest last."""
        return [(date.fromisoformat(night), value) for night, value in self.evidence["comparable"]]


def list_anomalies(
    db: sa.Connection | sa.Engine,
    *,
    anomaly_id: int | None = None,
    dataset: str | None = None,
    agency: str | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int | None = None,
) -> tuple[int, tuple[Anomaly, ...]]:
    """How many there are, and the latest of them; an agency is given by its code, '' is whole batches."""
    if isinstance(db, sa.Engine):
        with db.connect() as connection:
            return list_anomalies(
                connection, anomaly_id=anomaly_id, dataset=dataset, agency=agency, status=status,
                since=since, until=until, limit=limit,
            )  # fmt: skip
    rows = run_file(
        db,
        "quality/list_anomalies.sql",
        anomaly_id=anomaly_id,
        dataset=dataset,
        agency=agency,
        status=status,
        since=since,
        until=until,
        most=limit,
    ).mappings()
    found = [dict(row) for row in rows]
    count = found[0]["found"] if found else 0
    return count, tuple(Anomaly(**{name: row[name] for name in row if name != "found"}) for row in found)


def show(engine: sa.Engine, anomaly_id: int) -> Anomaly:
    """One finding.

    Raises:
        ConfigurationError: there is no such finding.
    """
    _, found = list_anomalies(engine, anomaly_id=anomaly_id)
    if not found:
        raise ConfigurationError(
            f"there is no anomaly {anomaly_id}", next_step="kho anomaly list names those that there are"
        )
    return found[0]


def judge(engine: sa.Engine, anomaly_id: int, verdict: str, by: str, reason: str) -> Anomaly:
    """Say what a value is: expected widens what is usual, a defect never becomes usual.

    Raises:
        ConfigurationError: there is no such finding, the verdict is unknown, or author or reason is missing.
    """
    if verdict not in ("expected", "defect"):
        raise ConfigurationError(
            f"'{verdict}' is no verdict", next_step="say expected (it is all right) or defect (it is wrong)"
        )
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a verdict needs its author and a reason", next_step="give --by and --reason, each with words"
        )
    with engine.begin() as db:
        judged = run_file(
            db,
            "quality/judge_anomaly.sql",
            anomaly_id=anomaly_id,
            verdict=verdict,
            by=by.strip(),
            reason=reason.strip(),
        ).one_or_none()
    if judged is None:
        raise ConfigurationError(
            f"there is no anomaly {anomaly_id}", next_step="kho anomaly list names those that there are"
        )
    return show(engine, anomaly_id)

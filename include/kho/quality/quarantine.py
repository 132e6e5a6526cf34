"""The quarantine as people see it: find cases, look at one, waive one.

In: the warehouse, and the contracts, which say what is personal. Out: frozen records without personal
data: the warehouse's masked view (`dq.quarantine_masked`) has `***` for each value that no contract calls
public or internal, and nothing here reads the records themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kho.errors import ConfigurationError
from kho.quality.classifications import copy_classifications
from kho.quality.deadlines import load_deadlines
from kho.settings import TIMEZONE
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

MASK = "***"
STATES = ("open", "expired", "resolved", "waived")
"""What can be asked for; the expired ones are open, and their deadline is over."""


@dataclass(frozen=True, slots=True)
class Case:
    """A quarantined row, in one line.

    Attributes:
        status: open, resolved or waived.
        state: the same, but `expired` where the deadline of an open case is over.
        due_on: the last day on which mending is in time.
        waived_until: the last day of its waiver.
        reopened_on: the night that opened it again because its waiver had ended.
    """

    quarantine_id: int
    dataset: str
    agency_code: str
    status: str
    state: str
    business_key: str
    failed_rules: tuple[str, ...]
    first_seen_on: date
    due_on: date | None
    waived_until: date | None
    reopened_on: date | None


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule that the row breaks, in the words of the suite."""

    rule_id: str
    severity: str
    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What became of a case: waived, waiver_ended, expired or no_longer_sent."""

    event: str
    happened_on: date
    by_whom: str | None
    reason: str | None
    until: date | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that may be shown of a case.

    Attributes:
        case: the case itself.
        raw: the record as received, personal values masked.
        rules: what it breaks.
        events: what was done to it.
        batch_id: the batch in which it first came.
        last_seen_batch_id: the batch in which it last failed.
        resolved_at: when it was closed because its owner mended it.
        resolved_batch_id: the batch that brought the mended row.
        waived_by: who took it off the list.
        waived_reason: and why.
    """

    case: Case
    raw: dict[str, Any]
    rules: tuple[FailedRule, ...]
    events: tuple[CaseEvent, ...]
    batch_id: str
    last_seen_batch_id: str
    resolved_at: datetime | None
    resolved_batch_id: str | None
    waived_by: str | None
    waived_reason: str | None


def list_cases(
    engine: sa.Engine,
    *,
    dataset: str | None = None,
    agency: str | None = None,
    rule: str | None = None,
    status: str | None = "open",
    limit: int = 50,
) -> tuple[int, tuple[Case, ...]]:
    """The cases that fit every filter given: how many in all, and the oldest of them."""
    if status is not None and status not in STATES:
        raise ConfigurationError(
            f"there is no status '{status}'", next_step=f"choose one of: {', '.join(STATES)}"
        )
    filters = {"dataset": dataset, "agency": agency, "rule": rule, "status": status}
    with engine.begin() as db:
        copy_classifications(db)
        rows = run_file(db, "quality/list_quarantine.sql", at_most=limit, **filters).all()
    return (rows[0].matching if rows else 0), tuple(_case(row) for row in rows)


def show_case(engine: sa.Engine, quarantine_id: int) -> CaseFile:
    """One case, with the masked record and the broken rules.

    Raises:
        ConfigurationError: there is no such case.
    """
    with engine.begin() as db:
        copy_classifications(db)
        row = run_file(db, "quality/show_quarantine.sql", quarantine_id=quarantine_id).one_or_none()
        if row is None:
            raise _no_case(quarantine_id)
        rules = run_file(db, "quality/show_failed_rules.sql", quarantine_id=quarantine_id).all()
        events = run_file(db, "quality/list_case_events.sql", quarantine_id=quarantine_id).mappings()
        return CaseFile(
            case=_case(row),
            raw=row.raw,
            rules=tuple(FailedRule(r.rule_id, r.severity, r.title_vi, r.remedy_vi) for r in rules),
            events=tuple(CaseEvent(**event) for event in events),
            batch_id=row.batch_id,
            last_seen_batch_id=row.last_seen_batch_id,
            resolved_at=row.resolved_at,
            resolved_batch_id=row.resolved_batch_id,
            waived_by=row.waived_by,
            waived_reason=row.waived_reason,
        )


def note_look(engine: sa.Engine, quarantine_id: int, purpose: str) -> None:
    """Write down in `dq.access_log` that somebody looks at the record of a case, and what for."""
    with engine.begin() as db:
        run_file(db, "quality/note_look.sql", quarantine_id=quarantine_id, purpose=purpose)


def waive_case(
    engine: sa.Engine,
    quarantine_id: int,
    by: str,
    reason: str,
    until: date | None = None,
    today: date | None = None,
) -> date:
    """Take an open case off the list until a day, which is returned; the row stays out of the warehouse.

    Raises:
        ConfigurationError: the case is unknown or not open, name or reason is missing, or the day is
            over or too far away.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a waiver needs a name and a reason", next_step="say who waives it (--by) and why (--reason)"
        )
    today = today or datetime.now(ZoneInfo(TIMEZONE)).date()
    until = load_deadlines().waived_until(until, today)
    with engine.begin() as db:
        waived = run_file(
            db,
            "quality/waive_quarantine.sql",
            quarantine_id=quarantine_id,
            by=by.strip(),
            reason=reason.strip(),
            until=until,
            today=today,
        ).one_or_none()
        if waived is not None:
            return until
        row = run_file(db, "quality/show_quarantine.sql", quarantine_id=quarantine_id).one_or_none()
    if row is None:
        raise _no_case(quarantine_id)
    raise ConfigurationError(
        f"case {quarantine_id} is {row.status}, not open", next_step="kho quarantine list shows the open ones"
    )


def _case(row: sa.Row[Any]) -> Case:
    return Case(
        quarantine_id=row.quarantine_id,
        dataset=row.dataset,
        agency_code=row.agency_code,
        status=row.status,
        state=row.state,
        business_key=row.business_key,
        failed_rules=tuple(row.failed_rules),
        first_seen_on=row.first_seen_on,
        due_on=row.due_on,
        waived_until=row.waived_until,
        reopened_on=row.reopened_on,
    )


def _no_case(quarantine_id: int) -> ConfigurationError:
    return ConfigurationError(
        f"there is no case {quarantine_id} in the quarantine", next_step="kho quarantine list shows them"
    )

"""What is past its day: reports that did not come, dossiers, and the tasks of a plan.

In: `dq.submission`, `mart.dossier_overdue`, `mart.plan_task`. Out: lines by agency. Tasks of a plan
carry the plan and its province: they are never shown as another province's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kho.report.names import Names
from kho.report.vietnamese import clip, period
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.report.config import ReportConfig

_PERIODS_NAMED = 6


@dataclass(frozen=True, slots=True)
class MissingReports:
    """An agency's periods that were due lately and did not come, or came unusable; the oldest are named.

    Attributes:
        state: 'not_reported' or 'unusable'.
    """

    agency: str
    dataset: str
    state: str
    count: int
    periods: tuple[str, ...]
    more_periods: int
    oldest_due_on: date
    agency_code: str = ""


@dataclass(frozen=True, slots=True)
class OverdueDossiers:
    """An agency's open dossiers past their due day."""

    agency: str
    dossiers: int
    oldest_due_on: date
    agency_code: str = ""


@dataclass(frozen=True, slots=True)
class OverdueTask:
    """A plan task past its deadline."""

    task_code: str
    name: str
    lead: str
    deadline: date


@dataclass(frozen=True, slots=True)
class OverduePlan:
    """The overdue tasks of one plan, oldest first."""

    title: str
    note: str
    province_code: str
    is_own: bool
    tasks: tuple[OverdueTask, ...]


@dataclass(frozen=True)
class Overdue:
    """Everything that is past its day, worst first."""

    reports: tuple[MissingReports, ...]
    dossiers: tuple[OverdueDossiers, ...]
    plans: tuple[OverduePlan, ...]

    @property
    def not_reported(self) -> int:
        """How many periods nobody has reported."""
        return self._periods("not_reported")

    @property
    def unusable(self) -> int:
        """How many periods were reported, but not in a form that can be used."""
        return self._periods("unusable")

    @property
    def dossier_count(self) -> int:
        return sum(line.dossiers for line in self.dossiers)

    def _periods(self, state: str) -> int:
        return sum(line.count for line in self.reports if line.state == state)


def read_overdue(
    db: sa.Connection, as_of: date, names: Names, config: ReportConfig, province_code: str, days: int
) -> Overdue:
    """What is past its day on the night of `as_of`; of reports, those due in the last `days` days."""
    return Overdue(
        _missing_reports(db, as_of, names, days),
        _overdue_dossiers(db, as_of, names),
        _overdue_plans(db, as_of, config, province_code),
    )


def _missing_reports(db: sa.Connection, as_of: date, names: Names, days: int) -> tuple[MissingReports, ...]:
    grouped: dict[tuple[str, str, str], list[tuple[date, str]]] = defaultdict(list)
    for row in run_file(db, "report/missing_submissions.sql", as_of=as_of, days=days):
        key = (names.known(row.agency_code), row.dataset, row.state)
        grouped[key].append((row.due_on, row.period_code))
    lines = (
        MissingReports(
            agency=names.agency(code),
            dataset=names.dataset(dataset),
            state=state,
            count=len(periods),
            periods=tuple(period(code) for _, code in sorted(periods)[:_PERIODS_NAMED]),
            more_periods=max(0, len(periods) - _PERIODS_NAMED),
            oldest_due_on=min(periods)[0],
            agency_code=code,
        )
        for (code, dataset, state), periods in grouped.items()
    )
    # 'not_reported' comes before 'unusable'.
    return tuple(sorted(lines, key=lambda line: (line.state, -line.count, line.agency, line.dataset)))


def _overdue_dossiers(db: sa.Connection, as_of: date, names: Names) -> tuple[OverdueDossiers, ...]:
    counts: dict[str, int] = defaultdict(int)
    oldest: dict[str, date] = {}
    before: dict[str, set[str]] = defaultdict(set)
    for row in run_file(db, "report/overdue_dossiers.sql", as_of=as_of):
        code = names.known(row.agency_code)
        counts[code] += row.dossiers
        oldest[code] = min(row.oldest_due_on, oldest.get(code, row.oldest_due_on))
        before[code] |= set(row.taken_over or ())
    lines = (
        OverdueDossiers(names.agency_and_before(code, before[code]), count, oldest[code], code)
        for code, count in counts.items()
    )
    return tuple(sorted(lines, key=lambda line: (not line.agency_code, -line.dossiers, line.agency)))


def _overdue_plans(
    db: sa.Connection, as_of: date, config: ReportConfig, province_code: str
) -> tuple[OverduePlan, ...]:
    grouped: dict[tuple[str, str, str], list[OverdueTask]] = defaultdict(list)
    for row in run_file(db, "report/overdue_tasks.sql", as_of=as_of):
        grouped[row.plan_code or "", row.province_code or "", row.source_document or ""].append(
            OverdueTask(
                clip(row.task_code, 30),
                clip(row.task_name, 180),
                clip(row.lead_agency_raw or "", 80),
                row.deadline_date,
            )
        )
    plans = []
    for (plan_code, plan_province, document), tasks in sorted(grouped.items()):
        known = config.plans.get(plan_code)
        plans.append(
            OverduePlan(
                title=known.title if known else f"Kế hoạch {clip(document or plan_code, 80)}",
                note=known.note if known else "",
                province_code=clip(plan_province, 10),
                is_own=plan_province == province_code,
                tasks=tuple(tasks),
            )
        )
    return tuple(plans)

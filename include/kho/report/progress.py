"""How the indicators and tasks of plans stand.

In: targets, the last reported values, the tasks' states. Out: a `PlanProgress` for each plan. A plan carries
its province: it is never shown as another province's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kho.report.vietnamese import clip, period
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.report.config import ReportConfig

_VERDICTS = {
    "met": "Đạt",
    "not_met": "Chưa đạt",
    "not_reported": "Chưa có số liệu",
    "prose": "Mục tiêu bằng lời",
}


@dataclass(frozen=True, slots=True)
class IndicatorProgress:
    """A target and the last value reported for it; `value` is None where nothing can be compared."""

    name: str
    lead: str
    year: int
    target: str
    value: Decimal | None
    period: str
    state: str

    @property
    def verdict(self) -> str:
        return _VERDICTS.get(self.state, self.state)


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """A plan: its tasks by number, its targets one by one."""

    title: str
    note: str
    is_own: bool
    tasks: int
    done: int
    late: int
    indicators: tuple[IndicatorProgress, ...]

    @property
    def reported(self) -> int:
        return sum(item.value is not None for item in self.indicators)

    @property
    def reached(self) -> int:
        return sum(item.state == "met" for item in self.indicators)


def read_progress(
    db: sa.Connection, as_of: date, config: ReportConfig, province: str
) -> tuple[PlanProgress, ...]:
    """Every plan with tasks or targets, as it stands on the night of `as_of`."""
    targets: dict[tuple[str, str], list[IndicatorProgress]] = defaultdict(list)
    for row in run_file(db, "report/indicator_progress.sql", as_of=as_of):
        targets[row.plan_code, row.province_code].append(
            IndicatorProgress(
                clip(row.indicator_name, 160),
                clip(row.lead_agency_raw or "", 80),
                row.target_year,
                clip(row.target_raw, 120),
                row.value,
                period(row.period_code or ""),
                row.state,
            )
        )
    counts = {
        (row.plan_code, row.province_code): row for row in run_file(db, "report/task_counts.sql", as_of=as_of)
    }
    plans = []
    for plan, owner in sorted({*targets, *counts}):
        known, tasks = config.plans.get(plan), counts.get((plan, owner))
        plans.append(
            PlanProgress(
                title=known.title if known else f"Kế hoạch {clip(plan, 80)}",
                note=known.note if known else "",
                is_own=owner == province,
                tasks=tasks.tasks if tasks else 0,
                done=tasks.done if tasks else 0,
                late=tasks.late if tasks else 0,
                indicators=tuple(targets.get((plan, owner), ())),
            )
        )
    return tuple(plans)

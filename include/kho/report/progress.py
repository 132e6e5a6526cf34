"""How the indicators and tasks of plans stand.

In: `mart.indicator_progress`, the tasks' states. Out: a `PlanProgress` for each plan. A plan carries
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
    "reached": "Đạt",
    "not_reached": "Chưa đạt",
    "no_value": "Chưa có số liệu",
    "not_measurable": "Mục tiêu bằng lời",
}
_FORECASTS = {"on_track": "dự báo kịp", "off_track": "dự báo không kịp"}


@dataclass(frozen=True, slots=True)
class IndicatorProgress:
    """A target and the province's last value; `value` is None where nothing can be compared.

    `forecast` says whether the trend reaches the target in its year; empty where there are too few months.
    """

    name: str
    lead: str
    year: int
    target: str
    value: Decimal | None
    period: str
    state: str
    forecast: str

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
        return sum(item.state == "reached" for item in self.indicators)


def read_progress(
    db: sa.Connection, as_of: date, config: ReportConfig, province: str
) -> tuple[PlanProgress, ...]:
    """Every plan with tasks or targets: tasks as on the night of `as_of`, targets as the mart has them."""
    targets: dict[tuple[str, str], list[IndicatorProgress]] = defaultdict(list)
    for row in run_file(db, "report/indicator_progress.sql"):
        targets[row.plan_code, row.plan_province_code].append(
            IndicatorProgress(
                clip(row.indicator_name, 160),
                clip(row.lead_agency or "", 80),
                row.target_year,
                clip(row.target_text, 120),
                row.value,
                period(row.period_code or ""),
                row.status,
                _FORECASTS.get(row.forecast_status, ""),
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

"""One night on a running scheduler: trigger the DAGs that wait for nobody, follow all to the end.

In: the night's date, which is the partition key of every run. Out: messages about runs and tasks,
and whether the report was written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow import settings
from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import DagModel, DagRun, TaskInstance
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select
from sqlalchemy.orm import Session

from kho_launcher.messages import send

LAST_DAG = "quality_report"
_POLL_SECONDS = 0.5
_STALLED_SECONDS = 20.0
_FINISHED = (DagRunState.SUCCESS, DagRunState.FAILED)

Snapshot = dict[str, dict[str, object]]


@dataclass
class Night:
    """One night's runs: those that were under way, and those that started since."""

    key: str
    _before: set[int] = field(default_factory=set)

    def trigger(self) -> list[str]:
        """Start a run of every DAG on the clock, unless one of this night is under way already."""
        with settings.Session() as session:
            runs = session.execute(
                select(DagRun.id, DagRun.dag_id, DagRun.state).where(DagRun.partition_key == self.key)
            ).all()
            self._before = {run.id for run in runs if run.state in _FINISHED}
            under_way = {run.dag_id for run in runs if run.state not in _FINISHED}
            roots = session.scalars(
                select(DagModel.dag_id).where(
                    DagModel.is_stale.is_(False),
                    DagModel.timetable_type.endswith("CronPartitionTimetable"),
                )
            ).all()
        started = sorted(set(roots) - under_way)
        for dag_id in started:
            trigger_dag(
                dag_id=dag_id,
                triggered_by=DagRunTriggeredByType.CLI,
                partition_key=self.key,
                note="kho nightly",
            )
        return started

    def follow(self, *, keep_going: Callable[[], bool]) -> bool:
        """Send what changes until the report's run ends; return whether it has ended.

        False: the night stands still (a run that others wait for ended without updating its asset),
        or `keep_going` said no.
        """
        last: Snapshot = {}
        changed_at = time.monotonic()
        while keep_going():
            with settings.Session() as session:
                now = self._snapshot(session)
            if now != last:
                changed_at = time.monotonic()
                send("progress", runs={k: v for k, v in now.items() if v != last.get(k)})
                last = now
            states = {dag_id: run["state"] for dag_id, run in now.items()}
            idle = all(state in _FINISHED for state in states.values())
            if idle and states.get(LAST_DAG) in _FINISHED:
                return True
            if idle and time.monotonic() - changed_at > _STALLED_SECONDS:
                return False
            time.sleep(_POLL_SECONDS)
        return False

    def _snapshot(self, session: Session) -> Snapshot:
        """The newest run of each DAG in this night, with the state of each task."""
        rows = session.execute(
            select(
                DagRun.id,
                DagRun.dag_id,
                DagRun.state,
                TaskInstance.task_id,
                TaskInstance.state.label("task_state"),
                TaskInstance.try_number,
            )
            .join(TaskInstance, TaskInstance.run_id == DagRun.run_id)
            .where(
                TaskInstance.dag_id == DagRun.dag_id,
                DagRun.partition_key == self.key,
                DagRun.id.not_in(self._before),
            )
            .order_by(DagRun.id)
        )
        found: Snapshot = {}
        for row in rows:
            run = found.get(row.dag_id)
            if run is None or run["id"] != row.id:
                run = found[row.dag_id] = {"id": row.id, "state": row.state, "tasks": {}}
            tasks = run["tasks"]
            assert isinstance(tasks, dict)  # noqa: S101
            tasks[row.task_id] = [row.task_state, row.try_number]
        return found

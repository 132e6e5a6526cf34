"""What is known of a night under way, from the launcher's messages.

In: messages about runs and tasks. Out: for each dataset the state of each stage, and how it ended.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from kho.night.airflow_process import Message
from kho.night.outcome import DatasetOutcome

STAGES = ("extract", "stage", "validate", "load", "finish")
LAST = {"star": "build_star", "quality_report": "write_report"}
"""The DAGs after the datasets, and the task of each that others wait for."""

_OVER = {"success", "failed"}


@dataclass(slots=True)
class Run:
    """One DAG's run of the night."""

    state: str = ""
    tasks: dict[str, tuple[str, int]] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None

    def task(self, name: str) -> str:
        """The state of one task; '' while it waits."""
        return self.tasks.get(name, ("", 0))[0]

    @property
    def seconds(self) -> float | None:
        """How long it has been running, or took."""
        return None if self.started is None else (self.ended or time.monotonic()) - self.started

    @property
    def unchanged(self) -> bool:
        """Whether the source had nothing new."""
        return self.task("extract") == "success" and self.task("load") == "skipped"


@dataclass(slots=True)
class Progress:
    """The whole night."""

    datasets: tuple[str, ...]
    phase: str = "starting"
    began: float = field(default_factory=time.monotonic)
    runs: dict[str, Run] = field(default_factory=dict)
    counts: dict[str, DatasetOutcome] = field(default_factory=dict)
    """What the warehouse says of the datasets that are through."""

    @property
    def seconds(self) -> float:
        """Since the night was asked for."""
        return time.monotonic() - self.began

    def take(self, message: Message) -> list[str]:
        """Note a message; return what changed, a line for each."""
        if message["event"] == "phase":
            self.phase = str(message["name"])
            return [self.phase]
        if message["event"] != "progress":
            return []
        self.phase = "running"
        changed: list[str] = []
        for dag, seen in message["runs"].items():
            changed += self._take_run(str(dag), seen)
        return changed

    def failed(self) -> list[str]:
        """The DAGs whose run failed, datasets first."""
        return [dag for dag in (*self.datasets, *LAST) if self.run(dag).state == "failed"]

    @property
    def nothing_new(self) -> bool:
        """Whether every source had nothing new."""
        return all(self.run(dataset).unchanged for dataset in self.datasets)

    def run(self, dag: str) -> Run:
        """The run of `dag`; an empty one while it waits for others."""
        return self.runs.get(dag, Run())

    def _take_run(self, dag: str, seen: Message) -> list[str]:
        run = self.runs.setdefault(dag, Run())
        if run.started is None and seen["state"] == "running":
            run.started = time.monotonic()
        changed = []
        for name, state, attempt in _tasks(seen):
            if run.tasks.get(name) != (state, attempt):
                run.tasks[name] = (state, attempt)
                if state in {"success", "failed", "up_for_retry"} and name != "verdict":
                    again = f" (attempt {attempt})" if attempt > 1 else ""
                    changed.append(f"{dag} {name}: {_WORDS[state]}{again}")
        if run.state != seen["state"]:
            run.state = str(seen["state"])
            if run.state in _OVER:
                run.ended = time.monotonic()
                word = "failed" if run.state == "failed" else "unchanged" if run.unchanged else "done"
                changed.append(f"{dag}: {word}")
        return changed


_WORDS = {"success": "done", "failed": "failed", "up_for_retry": "failed, will be tried again"}


def _tasks(seen: Message) -> Iterable[tuple[str, str, int]]:
    for name, (state, attempt) in seen["tasks"].items():
        yield str(name), str(state or ""), int(attempt or 0)

"""One night from nothing to the report, on a real Airflow scheduler.

In: the night's date. Out: what the terminal shows, and how it ended. Whatever is missing is started
first (database, migrations, sandbox, Airflow); what was started for the night is stopped after it,
except database and sandbox, which the next night finds again.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import Engine

from kho.contracts import dataset_names
from kho.errors import HostError, KhoError
from kho.night.airflow_environment import airflow_environment
from kho.night.airflow_process import AirflowProcess, free_port
from kho.night.display import Display, display_for
from kho.night.outcome import DatasetOutcome, read_outcomes
from kho.night.progress import Progress
from kho.night.sources import open_sources
from kho.night.standing import standing_port
from kho.server.locking import file_lock
from kho.server.warehouse import open_warehouse
from kho.settings import TIMEZONE, Settings

TIMEOUT_MINUTES = 60.0
_READY_SECONDS = 180.0
_POLL_SECONDS = 0.5
_LOCK = "night.lock"
"""Held by the night under way; its text says which."""


class NightStoppedError(KhoError):
    """The night did not get as far as the report."""


@dataclass(frozen=True, slots=True)
class NightOutcome:
    """How the night ended; `nothing_new`: no source had anything that was not loaded before this run."""

    as_of: date
    seconds: float
    failed: tuple[str, ...]
    nothing_new: bool
    datasets: tuple[DatasetOutcome, ...]


def run_night(
    settings: Settings,
    as_of: date,
    console: Console,
    *,
    size: int | None = None,
    timeout_minutes: float = TIMEOUT_MINUTES,
) -> tuple[NightOutcome, Engine]:
    """Run the night of `as_of` and show it on `console`.

    Args:
        settings: where everything is.
        as_of: the night's date, which the sandbox is turned to.
        console: where to show it.
        size: dossiers of the sandbox at its beginning.
        timeout_minutes: how long the whole night may take.

    Raises:
        HostError: this machine cannot run it, or another night is under way.
        NightStoppedError: the report was not written; the message says why.
    """
    progress = Progress(dataset_names())
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        only_night(settings, as_of),
        display_for(console) as display,
    ):
        display.show(progress, [f"the night of {as_of}"])
        process = _launch(settings, as_of)
        try:
            # While Airflow starts, which takes longer.
            warehouse = open_warehouse(settings)
            open_sources(settings, as_of, size)
            _await_readiness(process, progress, display)
            process.go()
            _follow(process, progress, display, warehouse, as_of, timeout_minutes * 60)
            process.wait_until_stopped()
        finally:
            process.stop()
    outcomes = tuple(read_outcomes(warehouse, as_of))
    failed = tuple(progress.failed())
    return NightOutcome(as_of, progress.seconds, failed, progress.nothing_new, outcomes), warehouse


@contextmanager
def only_night(settings: Settings, as_of: date) -> Iterator[None]:
    """Let no other night begin meanwhile.

    Raises:
        HostError: one is under way; the message says which.
    """
    path = settings.home / _LOCK

    def held() -> HostError:
        which = path.read_text(encoding="utf-8").strip() or "it begins just now"
        return HostError(
            f"another night is under way: {which}",
            next_step="wait until it has ended; how far it is, its logs show: "
            f"{settings.logs / 'night.log'}, {settings.logs / 'airflow'}",
        )

    with file_lock(path, timeout=0, purpose="begin the night", held=held):
        path.write_text(
            f"that of {as_of}, since {datetime.now(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M}\n", "utf-8"
        )
        yield


def _launch(settings: Settings, as_of: date) -> AirflowProcess:
    standing = standing_port(settings)
    port = standing or free_port()
    arguments = ["night", as_of.isoformat(), *(["--attach"] if standing else ["--port", str(port)])]
    environment = airflow_environment(settings, port, os.environ)
    return AirflowProcess(arguments, environment, settings.logs / "night.log")


def _await_readiness(process: AirflowProcess, progress: Progress, display: Display) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        message = process.next_message(_POLL_SECONDS)
        if message is None:
            continue
        if message["event"] == "waiting":
            return
        display.show(progress, progress.take(message))
    raise HostError(
        f"Airflow did not start within {_READY_SECONDS:.0f} s",
        next_step="see the logs in var/logs and var/airflow/logs, then try again",
    )


def _follow(
    process: AirflowProcess,
    progress: Progress,
    display: Display,
    warehouse: Engine,
    as_of: date,
    seconds: float,
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = process.next_message(_POLL_SECONDS)
        if message is None:
            display.show(progress, [])
            continue
        if message["event"] == "end":
            if message["done"]:
                return
            raise _stood_still(progress)
        changed = progress.take(message)
        if any(line.endswith(" finish: done") for line in changed):
            progress.counts = {found.dataset: found for found in read_outcomes(warehouse, as_of)}
        display.show(progress, changed)
    raise NightStoppedError(
        f"the night is not over after {seconds / 60:.0f} minutes: {_unfinished(progress)}",
        next_step="see var/logs/airflow for the tasks' logs, or allow more time (--timeout)",
    )


def _stood_still(progress: Progress) -> NightStoppedError:
    failed = ", ".join(progress.failed()) or "none"
    return NightStoppedError(
        f"the night stands still: {_unfinished(progress)}; failed: {failed}",
        next_step="read the log of the failed task `finish` in var/logs/airflow, then run the night again",
    )


def _unfinished(progress: Progress) -> str:
    waiting = [dag for dag in progress.datasets if progress.run(dag).state not in {"success", "failed"}]
    return f"waiting for {', '.join(waiting)}" if waiting else "all datasets are through"

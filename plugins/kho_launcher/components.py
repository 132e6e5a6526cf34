"""Airflow's components as children of this process.

In: the arguments of an `airflow` command. Out: a process that runs exactly that command.

A child is forked after Airflow and the pipeline's libraries were imported, which every component, and
every task that the scheduler's executor forks in turn, would otherwise pay for again.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Thread
from urllib.request import urlopen

import kho

HOST = "127.0.0.1"
_STOP_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1
_PRELOADED = (
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.empty",
    "great_expectations",
    "kho_connections",
    "kho_schedule",
    "psycopg2",
    "pyarrow.parquet",
    "requests",
    "vietnamadminunits",
)
_NOT_FOR_TASKS = ("kho.cli", "kho.night", "kho.sandbox")


def preload() -> None:
    """Import what the tasks need; a task that cannot import something says so itself."""
    ours = (found.name for found in walk_packages(kho.__path__, "kho."))
    wanted = (name for name in ours if not name.startswith(_NOT_FOR_TASKS))
    for name in (*_PRELOADED, *wanted):
        try:
            import_module(name)
        except ImportError as error:
            sys.stderr.write(f"not preloaded: {name}: {error}\n")


@dataclass
class Components:
    """The running components, and where each writes its log."""

    logs: Path
    running: dict[str, int] = field(default_factory=dict)
    _begun: dict[str, tuple[Sequence[str], Callable[[], object] | None]] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str], beside: Callable[[], object] | None = None) -> None:
        """Start `airflow <name> <arguments>`, with `beside` in a thread of the new process."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(name, arguments, self.logs / f"{name}.log", beside)
        self.running[name] = pid
        self._begun[name] = (arguments, beside)

    def start_again(self, name: str) -> None:
        """Start a component that has ended as it was started first."""
        self.start(name, *self._begun[name])

    def ended(self) -> str | None:
        """Return the name of a component that ended by itself; what it left behind is ended, tasks too."""
        for name, pid in self.running.items():
            try:
                found, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                found = pid
            if found:
                del self.running[name]
                _signal(pid, signal.SIGKILL, group=True)
                return name
        return None

    def stop(self, *, at_once: bool, patience: float = _STOP_SECONDS) -> None:
        """End the components, the last started first.

        The scheduler lets running tasks finish, unless it is to be `at_once`: then all are told together,
        tasks too.
        """
        deadline = time.monotonic() + patience
        for pid in self.running.values() if at_once else ():
            _signal(pid, signal.SIGTERM, group=True)
        for name, pid in reversed(list(self.running.items())):
            if not at_once:
                _signal(pid, signal.SIGTERM, group=False)
            while name in self.running and time.monotonic() < deadline:
                if self.ended() is None:
                    time.sleep(0.05)
        for pid in self.running.values():
            _signal(pid, signal.SIGKILL, group=True)
        self.running.clear()


def answers(port: int, path: str, *, seconds: float) -> bool:
    """Ask the api-server until it answers.

    Its first answer takes seconds, in which it makes its routes; asked early, it makes them while
    the other components start.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://{HOST}:{port}{path}", timeout=seconds) as response:
                return bool(response.status == HTTPStatus.OK)
        except OSError:
            time.sleep(0.2)
    return False


def _signal(pid: int, number: int, *, group: bool) -> None:
    """Signal a component, and if asked for the processes it made: each leads a group of its own."""
    with suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(pid, number)


def _end_with_parent() -> None:
    """Be told to end when the launcher dies, even by SIGKILL: nobody else would stop us (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _become(name: str, arguments: Sequence[str], log: Path, beside: Callable[[], object] | None) -> None:
    """Turn this forked process into the component; never returns."""
    status = 1
    try:
        os.setsid()
        _end_with_parent()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        from kho_launcher.messages import close_channel

        close_channel()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(output, stream)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if beside is not None:
            Thread(target=beside, daemon=True).start()
        sys.argv = ["airflow", name, *arguments]
        from airflow.__main__ import main

        main()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
    except BaseException:  # noqa: BLE001
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

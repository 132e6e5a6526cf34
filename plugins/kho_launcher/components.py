"""Airflow's components as children of this process.

In: the arguments of an `airflow` command. Out: a process that runs exactly that command.

A child is forked after Airflow and the pipeline's libraries were imported, which every component, and
every task that the scheduler's executor forks in turn, would otherwise pay for again.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

HOST = "127.0.0.1"
_STOP_SECONDS = 15.0
_PRELOADED = (
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.empty",
    "kho.contracts.loader",
    "kho.pipeline",
    "kho_connections",
)


def preload() -> None:
    """Import what the tasks need; a task that cannot import something says so itself."""
    for name in _PRELOADED:
        try:
            import_module(name)
        except ImportError as error:
            sys.stderr.write(f"not preloaded: {name}: {error}\n")


@dataclass
class Components:
    """The running components, and where each writes its log."""

    logs: Path
    running: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start `airflow <name> <arguments>`."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(name, arguments, self.logs / f"{name}.log")
        self.running[name] = pid

    def ended(self) -> str | None:
        """Return the name of a component that ended by itself."""
        for name, pid in self.running.items():
            try:
                found, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                found = pid
            if found:
                del self.running[name]
                return name
        return None

    def stop(self, *, patience: float = _STOP_SECONDS) -> None:
        """End all components: the scheduler first, which lets running tasks finish."""
        for pid in reversed(self.running.values()):
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while self.running and time.monotonic() < deadline:
            if self.ended() is None:
                time.sleep(0.05)
        for pid in self.running.values():
            _signal(pid, signal.SIGKILL)
        self.running.clear()


def wait_for_port(port: int, components: Components, *, seconds: float) -> bool:
    """Wait until something answers on the loopback port; give up when a component ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and components.ended() is None:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.1)
    return False


def _signal(pid: int, number: int) -> None:
    """Signal a component and the processes it made: each leads a group of its own."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def _become(name: str, arguments: Sequence[str], log: Path) -> None:
    """Turn this forked process into the component; never returns."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        from kho_launcher.messages import close_channel

        close_channel()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(output, stream)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
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

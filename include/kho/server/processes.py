"""Which processes use a PostgreSQL data directory, and getting rid of those left behind.

A postmaster killed with SIGKILL leaves its backends running for a moment, sometimes
longer; while one of them lives, a new server refuses to start. A process id in
`postmaster.pid` proves nothing either: after a restart of the machine or container it
may belong to anybody.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from kho.errors import HostError

_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_STATUS_LINE = 8
_POLL_SECONDS = 0.05
_KILL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server's main process; `status` is as PostgreSQL writes it: ready, starting, …"""

    pid: int
    status: str


def find_postmaster(data: Path) -> Postmaster | None:
    """Return the live postmaster that serves `data`, or None."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    if not _uses(process, data):
        return None
    # The last line is missing for the first moments of a start.
    status = lines[_STATUS_LINE - 1].strip() if len(lines) >= _STATUS_LINE else "starting"
    return Postmaster(process.pid, status)


def end_leftovers(data: Path, *, patience: float = 3.0) -> None:
    """End every PostgreSQL process that still uses `data`.

    The caller has made sure that no postmaster is among them. They are given `patience`
    seconds to notice and leave, the same after SIGTERM, then SIGKILL.

    Raises:
        HostError: a process cannot be ended.
    """
    for act, seconds in (
        (_leave_alone, patience),
        (psutil.Process.terminate, patience),
        (psutil.Process.kill, _KILL_SECONDS),
    ):
        deadline = time.monotonic() + seconds
        # Asked anew each time, because initdb starts one process after another.
        while left := _using(data):
            for process in left:
                _end(process, act, data)
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise HostError(
        f"process {left[0].pid} of an earlier server does not end, even by SIGKILL",
        where=str(data),
        next_step="look for a failing disk or mount; restart the machine",
    )


def _leave_alone(process: psutil.Process) -> None:
    """Give a process the chance to end by itself."""


def _end(process: psutil.Process, act: Callable[[psutil.Process], None], data: Path) -> None:
    try:
        act(process)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise HostError(
            f"process {process.pid} of an earlier server still uses the database "
            "and may not be ended by this user",
            where=str(data),
            next_step=f"end it as its owner or as root: kill {process.pid}",
        ) from error


def _using(data: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] in _PROGRAMS and _uses(process, data)
    ]


def _uses(process: psutil.Process, data: Path) -> bool:
    """Whether a live process serves or makes `data`; a zombie does not."""
    try:
        if process.name() not in _PROGRAMS or process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.cwd() == str(data):
            return True
        return not {str(data), f"--pgdata={data}"}.isdisjoint(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False

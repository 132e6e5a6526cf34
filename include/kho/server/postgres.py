"""The embedded PostgreSQL: start it, stop it, ask it.

In: the settings. Out: a `Server`, whose URLs open its databases.

The server runs in a session of its own and outlives whoever started it. It listens on
a Unix socket in a private folder, and asks for a password even there. Killed in any
way, it recovers at the next `ensure_running`, which waits for a long recovery.
"""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg2

from kho.errors import HostError, WarehouseUnavailable
from kho.server.account import Account, server_account
from kho.server.cluster import Layout, initialise, prepare, run_program
from kho.server.configuration import configure
from kho.server.databases import CONNECT_SECONDS, Server, ensure_database, ensure_role
from kho.server.locking import file_lock
from kho.server.processes import Postmaster, end_leftovers, find_postmaster
from kho.server.secrets import get_or_create_secret
from kho.settings import Settings

__all__ = [
    "Server",
    "ServerStatus",
    "ensure_database",
    "ensure_role",
    "ensure_running",
    "status",
    "stop",
]

START_SECONDS = 600
"""How long a start may take; crash recovery after a heavy load needs minutes."""

_SECRET = "postgres_superuser"  # noqa: S105
_POLL_SECONDS = 0.1
# How long to go on asking a server that refuses us, and one that takes too long to answer.
_GRACE_SECONDS = 15
_SLOW_SECONDS = 300

State = Literal["running", "starting", "stopping", "stopped", "absent"]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What the embedded server is doing; `pid` is its main process, if it has one."""

    state: State
    pid: int | None
    data: Path


def status(settings: Settings) -> ServerStatus:
    """Say what the embedded server of `settings` is doing, without changing anything.

    Raises:
        HostError: the path of the socket is too long.
    """
    layout = Layout.of(settings)
    postmaster = _postmaster(layout)
    if postmaster is None:
        return ServerStatus("stopped" if layout.data.exists() else "absent", None, layout.data)
    states: dict[str, State] = {"ready": "running", "stopping": "stopping"}
    return ServerStatus(states.get(postmaster.status, "starting"), postmaster.pid, layout.data)


def ensure_running(settings: Settings, patience: float = START_SECONDS) -> Server:
    """Return the running embedded server of `settings`; make and start it if need be.

    Many processes may call this at once: one starts the server, the others wait.

    Args:
        patience: how many seconds to ask a server, at most, that runs and does not let us in.

    Raises:
        HostError: this machine cannot run it; the message names the obstacle.
        WarehouseUnavailable: it runs, but lets nobody in.
    """
    layout = Layout.of(settings)
    started = False
    begun = time.monotonic()
    while True:
        postmaster = _postmaster(layout)
        if postmaster is None or postmaster.status != "ready":
            with file_lock(layout.lock, timeout=START_SECONDS + 60, purpose="start the database"):
                _start(layout, settings)
            if not started:
                started, begun = True, time.monotonic()
        server = Server(layout.sockets, get_or_create_secret(settings.secrets_file, _SECRET))
        if _is_open(server, layout, begun, patience):
            return server
        time.sleep(_POLL_SECONDS)


def stop(settings: Settings) -> bool:
    """Stop the embedded server, ending its sessions; return whether it was running.

    Raises:
        HostError: it does not stop, or belongs to another user.
    """
    layout = Layout.of(settings)
    if not layout.data.exists():
        return False
    with file_lock(layout.lock, timeout=START_SECONDS + 60, purpose="stop the database"):
        postmaster = _postmaster(layout)
        if postmaster is None:
            return False
        account = server_account(layout.data)
        result = _pg_ctl(account, layout, "stop", "--mode=fast")
        if result.returncode != 0:
            raise HostError(
                f"the database does not stop: {_last_line(result.stderr or result.stdout)}",
                where=str(layout.data),
                next_step=f"see {layout.log}, then end its main process: kill {postmaster.pid}",
            )
        return True


def _postmaster(layout: Layout) -> Postmaster | None:
    try:
        return find_postmaster(layout.data)
    except PermissionError:
        # Raises the error that says whose database it is.
        server_account(layout.data)
        raise


def _start(layout: Layout, settings: Settings) -> None:
    """Start the server unless it runs; the caller holds the lock."""
    deadline = time.monotonic() + START_SECONDS
    while (postmaster := _postmaster(layout)) is not None:
        if postmaster.status == "ready":
            return
        if time.monotonic() > deadline:
            raise _slow(layout)
        time.sleep(_POLL_SECONDS)

    account = prepare(layout)
    initialise(layout, account, get_or_create_secret(settings.secrets_file, _SECRET))
    end_leftovers(layout.data)
    # Nobody uses the data, so these belong to the dead; their process ids may be reused.
    for stale in (
        layout.data / "postmaster.pid",
        layout.socket,
        layout.socket.with_name(layout.socket.name + ".lock"),
    ):
        stale.unlink(missing_ok=True)
    configure(layout.data, layout.sockets, layout.log, account)
    result = _pg_ctl(account, layout, "start", f"--log={layout.start_log}")
    if result.returncode != 0:
        if _postmaster(layout) is not None:
            raise _slow(layout)
        raise HostError(
            f"the database does not start: {_complaint(layout)}",
            where=str(layout.log),
            next_step="remove what the message names, then try again",
        )


def _pg_ctl(
    account: Account, layout: Layout, action: str, *options: str
) -> "subprocess.CompletedProcess[str]":
    return run_program(
        account,
        "pg_ctl",
        action,
        f"--pgdata={layout.data}",
        "--wait",
        f"--timeout={START_SECONDS}",
        "--silent",
        *options,
    )


def _is_open(server: Server, layout: Layout, begun: float, patience: float) -> bool:
    """Whether the server lets us in; False asks to try again.

    It may be recovering from a backend's crash, have been killed a moment ago, or be slow.
    """
    left = int(patience - (time.monotonic() - begun))
    seconds = min(CONNECT_SECONDS, max(1, left))
    try:
        psycopg2.connect(server.libpq_uri("postgres"), connect_timeout=seconds).close()
    except psycopg2.OperationalError as error:
        said = " ".join(str(error).split())
        if "authentication failed" in said:
            raise HostError(
                "the database refuses the password kept for it",
                where=str(layout.data),
                next_step="restore var/secrets.json from a backup, as it was with this data",
            ) from error
        recovering = "starting up" in said or "recovery" in said or "not yet accepting" in said
        # A machine under load, or a disk that hangs: it is not down.
        slow = "timeout expired" in said
        limit = START_SECONDS if recovering else _SLOW_SECONDS if slow else _GRACE_SECONDS
        if time.monotonic() - begun > min(limit, patience):
            raise WarehouseUnavailable(
                f"the database does not let us in: {said}",
                where=str(layout.socket),
                next_step=f"see {layout.log}, then try again",
            ) from error
        return False
    return True


def _slow(layout: Layout) -> HostError:
    return HostError(
        f"the database is still recovering after {START_SECONDS} s, and goes on doing so",
        where=str(layout.log),
        next_step="wait, then run this again",
    )


def _complaint(layout: Layout) -> str:
    """Return the last thing the server complained about, and the remark that led to it."""
    logs = sorted(layout.log.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")[-20_000:]
        said = re.findall(r"\b(LOG|FATAL|PANIC): +(.*)$", text, re.MULTILINE)
        for position in range(len(said) - 1, -1, -1):
            level, message = said[position]
            if level == "LOG":
                continue
            before = f"{said[position - 1][1]}; " if position else ""
            return f"{before}{message}"
    return "its log says nothing"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no reason given"

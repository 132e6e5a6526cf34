"""Start, stop and turn the sandbox from another process.

In:  where its files and logs are (`SandboxSettings`; the project's settings have these fields).
Out: `SandboxState`: the gateway's address and credentials, the databases' URLs.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import psutil
import requests

from kho.sandbox.errors import SandboxNotRunningError, SandboxStartError
from kho.sandbox.state import (
    DEFAULT_SEED,
    DEFAULT_SIZE,
    SandboxConfig,
    SandboxState,
    read_config,
    read_state,
    write_config,
)
from kho.server.locking import file_lock

_MODULE = "kho.sandbox.server"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_REQUEST_SECONDS = (3.05, 300.0)


class SandboxSettings(Protocol):
    """Where the sandbox lives."""

    @property
    def sandbox_home(self) -> Path:
        """Folder of the sandbox's own files."""

    @property
    def logs(self) -> Path:
        """Folder of log files."""


def up(
    settings: SandboxSettings,
    *,
    size: int = DEFAULT_SIZE,
    epoch_date: date | None = None,
    seed: int = DEFAULT_SEED,
    defect_scale: float = 1.0,
    port: int = 0,
    token_expires_in: int = 3600,
    admin_urls: Mapping[str, str] | None = None,
) -> SandboxState:
    """Make sure that a sandbox of this kind runs; one of another kind is restarted.

    Without `epoch_date` an earlier start's epoch stays, or the first date the clock is set to
    becomes it; without `admin_urls` an earlier start's databases stay. `defect_scale` 0
    plants nothing. Raises `SandboxStartError`.
    """
    if admin_urls is None:
        admin_urls = read_config(settings.sandbox_home).admin_urls
    wanted = SandboxConfig(seed, size, defect_scale, port, token_expires_in, epoch_date, dict(admin_urls))
    with _alone(settings, "start the sandbox"):
        state = running(settings)
        if state is not None:
            if _serves(state, wanted):
                return state
            _stop(settings)
        write_config(settings.sandbox_home, wanted)
        return _start(settings)


def down(settings: SandboxSettings) -> bool:
    """Stop the sandbox; false if none was running."""
    if not settings.sandbox_home.exists():
        return False
    with _alone(settings, "stop the sandbox"):
        return _stop(settings)


def _stop(settings: SandboxSettings) -> bool:
    state = read_state(settings.sandbox_home)
    process = _own_process(settings, state)
    if process is None:
        return False
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
    return True


def running(settings: SandboxSettings) -> SandboxState | None:
    """The state of the sandbox if its process is alive and answers."""
    state = read_state(settings.sandbox_home)
    if state is None or _own_process(settings, state) is None:
        return None
    return state if _answers(state) else None


def set_clock(settings: SandboxSettings, today: date) -> SandboxState:
    """Move the sandbox to a date, the databases included.

    Raises `SandboxNotRunningError`, and `SandboxStartError` where the sandbox cannot follow.
    """
    state, response = _post(settings, "clock", {"date": today.isoformat()})
    if response.status_code != requests.codes.ok:
        raise SandboxStartError(f"the sandbox cannot go to {today}: {_message(response)}")
    return read_state(settings.sandbox_home) or state


def follow_calendar(settings: SandboxSettings) -> None:
    """Let the running sandbox move on by itself when a new day begins.

    Raises `SandboxNotRunningError`.
    """
    _post(settings, "follow", {})


def _post(
    settings: SandboxSettings, switch: str, body: dict[str, str]
) -> tuple[SandboxState, requests.Response]:
    state = read_state(settings.sandbox_home)
    if state is None:
        raise SandboxNotRunningError("no sandbox was ever started here; run `kho sandbox up`")
    try:
        return state, requests.post(
            f"{state.lgsp_url}/_sandbox/{switch}", json=body, timeout=_REQUEST_SECONDS
        )
    except requests.RequestException as error:
        raise SandboxNotRunningError(
            f"the sandbox does not answer at {state.lgsp_url}; run `kho sandbox up`"
        ) from error


def _start(settings: SandboxSettings) -> SandboxState:
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "sandbox.log"
    command = [sys.executable, "-m", _MODULE, "--home", str(settings.sandbox_home.resolve())]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    # Somebody has to collect the exit status of a child that outlives this call.
    threading.Thread(target=process.wait, name="sandbox-reaper", daemon=True).start()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        state = read_state(settings.sandbox_home)
        if state is not None and state.pid == process.pid and _answers(state):
            return state
        if process.poll() is not None:
            raise SandboxStartError(f"the sandbox did not start: {_last_line(log)} (see {log})")
        time.sleep(0.05)
    process.terminate()
    raise SandboxStartError(f"the sandbox did not answer within {_START_SECONDS:.0f} s; see {log}")


def _own_process(settings: SandboxSettings, state: SandboxState | None) -> psutil.Process | None:
    """The process of the state, if it still is this home's sandbox and not a later namesake."""
    if state is None:
        return None
    try:
        process = psutil.Process(state.pid)
        command = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    home = str(settings.sandbox_home.resolve())
    return process if alive and _MODULE in command and home in command else None


def _answers(state: SandboxState) -> bool:
    try:
        response = requests.get(f"{state.lgsp_url}/_sandbox/health", timeout=(1.0, 5.0))
        return bool(response.json().get("pid") == state.pid)
    except (requests.RequestException, ValueError):
        return False


def _serves(state: SandboxState, wanted: SandboxConfig) -> bool:
    """Whether a running sandbox is what is wanted; an epoch not asked for does not matter."""
    epoch = state.epoch_date if wanted.epoch_date is not None else None
    return replace(state.config, epoch_date=epoch) == wanted


def _alone(settings: SandboxSettings, purpose: str) -> AbstractContextManager[None]:
    """Hold the sandbox's lock: two starts at once would make two servers."""
    settings.sandbox_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return file_lock(settings.sandbox_home / "lock", timeout=_START_SECONDS + _STOP_SECONDS, purpose=purpose)


def _message(response: requests.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(body.get("error", body))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"

"""Airflow left running, with its user interface.

In: the settings and a port. Out: a launcher that goes on after the command has ended, and a file that
says where it is (`var/airflow/standing.json`).
"""

import json
import os
import re
import time
from pathlib import Path

import psutil

from kho.errors import HostError
from kho.night.airflow_environment import airflow_environment
from kho.night.airflow_process import AirflowProcess
from kho.settings import Settings

_READY_SECONDS = 180.0
_STOP_SECONDS = 40.0
_POLL_SECONDS = 2.0
_LAST_LINES = 20
# The last line of a traceback.
_CAUSE = re.compile(r"[\w.]*(Error|Exception)\b")


def start_standing(settings: Settings, port: int) -> bool:
    """Start Airflow with its user interface on `port`; return whether it was not up yet.

    Raises:
        HostError: Airflow does not start.
    """
    if standing_port(settings) is not None:
        return False
    environment = airflow_environment(settings, port, os.environ)
    process = AirflowProcess(["serve", "--port", str(port)], environment, _log(settings))
    deadline = time.monotonic() + _READY_SECONDS
    try:
        while time.monotonic() < deadline:
            message = process.next_message(1.0)
            if message is not None and message["event"] == "ready":
                _write(_file(settings), process.pid, port)
                return True
    except BaseException:
        process.stop()
        raise
    process.stop()
    raise HostError(
        f"Airflow did not start within {_READY_SECONDS:.0f} s",
        where=str(settings.airflow_home / "logs"),
        next_step="read the logs there, then try again",
    )


def standing_port(settings: Settings) -> int | None:
    """Return the port of the Airflow left running, or None."""
    found = _find(settings)
    return found[1] if found else None


def wait_for_end(settings: Settings) -> None:
    """Wait until somebody stops the Airflow left running.

    Raises:
        HostError: it ended by itself.
    """
    while _file(settings).exists():
        # One look may fail although all is well; the second says why.
        if standing_port(settings) is None and (cause := ended_by_itself(settings)) is not None:
            raise HostError(f"Airflow ended by itself: {cause}", next_step="start it again (kho up)")
        time.sleep(_POLL_SECONDS)


def ended_by_itself(settings: Settings) -> str | None:
    """Return why the Airflow left running is gone although nobody stopped it; None if all is well."""
    if not _file(settings).exists() or _find(settings) is not None:
        return None
    try:
        said = _log(settings).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        said = []
    lines = [line.strip() for line in said if line.strip()][-_LAST_LINES:]
    causes = [line for line in lines if _CAUSE.match(line)]
    last = (causes or lines or ["its log says nothing"])[-1]
    return f"{last} ({_log(settings)})"


def stop_standing(settings: Settings) -> bool:
    """Stop the Airflow left running; return whether there was one."""
    found = _find(settings)
    _file(settings).unlink(missing_ok=True)
    if found is None:
        return False
    process, _ = found
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        for child in process.children(recursive=True):
            child.kill()
        process.kill()
    return True


def _find(settings: Settings) -> tuple[psutil.Process, int] | None:
    try:
        kept = json.loads(_file(settings).read_text(encoding="utf-8"))
        process = psutil.Process(int(kept["pid"]))
        # A process id may have gone to somebody else since.
        same = abs(process.create_time() - float(kept["created"])) < 1
        alive = process.status() != psutil.STATUS_ZOMBIE
        return (process, int(kept["port"])) if same and alive else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def _write(path: Path, pid: int, port: int) -> None:
    content = {"pid": pid, "created": psutil.Process(pid).create_time(), "port": port}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)


def _log(settings: Settings) -> Path:
    return settings.logs / "airflow.log"


def _file(settings: Settings) -> Path:
    return settings.airflow_home / "standing.json"

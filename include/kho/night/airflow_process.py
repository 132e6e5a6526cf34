"""The launcher that runs Airflow's components, and what it says.

In: an environment made by `airflow_environment`. Out: a process and its messages, one JSON object a
line. The launcher itself lives among the plugins (`plugins/kho_launcher`), because it imports Airflow.
"""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kho.errors import HostError
from kho.night.airflow_environment import HOST

Message = dict[str, Any]
_STOP_SECONDS = 30.0


class AirflowProcess:
    """A running launcher."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start the launcher; its log goes to `log`, in a session of its own."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kho_launcher", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=dict(environment),
                cwd="/",
                umask=0o077,
                start_new_session=True,
            )
        self._log = log
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="airflow-messages", daemon=True).start()

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    def next_message(self, seconds: float) -> Message | None:
        """Return the next message, or None when none comes within `seconds`.

        Raises:
            HostError: the launcher reports a failure, or ended without one.
        """
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is None:
            raise self._failure(f"Airflow ended with status {self._process.wait()}")
        if message["event"] == "error":
            raise self._failure(str(message["message"]))
        return message

    def go(self) -> None:
        """Let the night begin."""
        assert self._process.stdin is not None  # noqa: S101
        try:
            self._process.stdin.write(b"go\n")
            self._process.stdin.flush()
        except OSError:
            # It has ended; the next message says why.
            return

    def wait_until_stopped(self, seconds: float = _STOP_SECONDS) -> None:
        """Wait for the launcher to end by itself, then make it."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self) -> None:
        """End the launcher and all components, running tasks included."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            try:
                self._messages.put(json.loads(line))
            except json.JSONDecodeError:
                continue
        self._messages.put(None)

    def _failure(self, message: str) -> HostError:
        return HostError(message, where=str(self._log), next_step="read that log; then try again")


def free_port() -> int:
    """Return a port that nobody uses on the loopback address."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free_port(port: int) -> None:
    """Raise HostError if somebody listens on the loopback port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise HostError(
                f"port {port} is in use",
                where=f"{HOST}:{port}",
                next_step="set KHO_UI_PORT to a free port, or stop the program that uses this one",
            ) from error

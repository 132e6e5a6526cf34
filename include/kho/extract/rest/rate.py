"""One pace for all tasks of this machine that ask the same source.

In: the connection's `requests_per_second` and `burst`, and how long the source asks us to pause. Out: the
moment at which the next request may leave. The state is one small file per connection under a lock: the time
at which the bucket is full again, and until when nobody may ask.

Of our own making, because the pause that a 429 asks for must stop every process at once; the libraries
looked at (pyrate-limiter, limits) share a rate between processes but know no such pause.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from kho.connections import Connection
from kho.errors import SourceThrottled
from kho.server.locking import file_lock

_LOCK_SECONDS = 30
_STALE_SECONDS = 3600


class SharedPace:
    """When the next request to a source may leave."""

    def __init__(self, folder: Path, connection: Connection, longest_pause: float) -> None:
        name = re.sub(r"[^\w.-]", "_", connection.name)
        self._path = folder / f"{name}.json"
        self._lock = folder / f"{name}.lock"
        rate = float(connection.extra.get("requests_per_second") or 0)
        self._interval = 1 / rate if rate > 0 else 0.0
        self._tolerance = self._interval * (max(1, int(connection.extra.get("burst", 1))) - 1)
        self._longest_pause = longest_pause

    def wait(self, sleep: Callable[[float], None]) -> None:
        """Wait for our turn.

        Raises:
            SourceThrottled: the source wants a pause longer than a task should wait for.
        """
        while (pause := self._reserve()) > 0:
            if pause > self._longest_pause and self._paused_for() > self._longest_pause:
                raise SourceThrottled(
                    f"the source asked for a pause, {pause:.0f} s of which are left", retry_after=pause
                )
            sleep(pause)
            if self._paused_for() <= 0:
                return

    def pause(self, seconds: float) -> None:
        """Let nobody ask for `seconds`."""
        with self._alone():
            full, paused = self._read()
            until = time.time() + seconds
            self._write(max(full, until), max(paused, until))

    def _reserve(self) -> float:
        """Take the next turn; returns the seconds until it comes."""
        if not self._interval:
            return self._paused_for()
        with self._alone():
            full, paused = self._read()
            now = time.time()
            if full - now > _STALE_SECONDS:  # the clock was set back, or a crowd has gone home
                full = now
            full = max(full, now, paused) + self._interval
            self._write(full, paused)
        return max(full - self._interval - self._tolerance, paused) - now

    def _paused_for(self) -> float:
        return self._read()[1] - time.time()

    def _alone(self) -> AbstractContextManager[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file_lock(self._lock, timeout=_LOCK_SECONDS, purpose="take a turn at a source")

    def _read(self) -> tuple[float, float]:
        try:
            full, paused = json.loads(self._path.read_text(encoding="utf-8"))
            return float(full), float(paused)
        except (OSError, ValueError, TypeError):
            return 0.0, 0.0

    def _write(self, full: float, paused: float) -> None:
        new = self._path.with_suffix(f".{os.getpid()}.new")
        new.write_text(json.dumps([full, paused]), encoding="utf-8")
        new.replace(self._path)

"""The calendar on the wall: a sandbox that is left running moves on with it.

In: something that tells today's date, and something that turns the sandbox to a date. Out: a thread that
turns it when a new day begins. A clock that was set by hand stays until then, and never goes back.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kho.sandbox.errors import SandboxError
from kho.settings import TIMEZONE

_LOOK_SECONDS = 20.0

logger = logging.getLogger("kho.sandbox")


def local_date() -> date:
    """Today where the data is."""
    return datetime.now(ZoneInfo(TIMEZONE)).date()


class Calendar:
    """Follows the calendar once it is told to."""

    def __init__(
        self,
        turn_to: Callable[[date], Any],
        today: Callable[[], date] = local_date,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """Know what to turn at midnight; `turn_to` leaves a clock that is ahead alone."""
        self._turn_to = turn_to
        self._today = today
        self._look_seconds = look_seconds
        self._lock = threading.Lock()
        self._following = False

    def follow(self) -> None:
        """Begin, unless it is done already."""
        with self._lock:
            if not self._following:
                self._following = True
                thread = threading.Thread(
                    target=self._watch, args=(self._today(),), name="calendar", daemon=True
                )
                thread.start()

    def _watch(self, seen: date) -> None:
        while True:
            time.sleep(self._look_seconds)
            today = self._today()
            if today == seen:
                continue
            try:
                self._turn_to(today)
            except SandboxError as error:
                # The next look tries again.
                logger.error("cannot go to %s: %s", today, error)
                continue
            seen = today

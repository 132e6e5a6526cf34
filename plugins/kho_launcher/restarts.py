"""Components that end by themselves are started again, each after pauses of its own.

In: the running components. Out: an error, when one ended once too often.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from kho_launcher.components import Components

_PAUSES = (2.0, 30.0, 180.0)
"""How long a component that ended waits for its next start; the end after these is the last straw."""
_REMEMBERED_SECONDS = 3600.0
_POLL_SECONDS = 0.2


def keep_up(components: Components, pauses: Sequence[float] = _PAUSES) -> NoReturn:
    """Start again whatever ends; while one waits for its start, the others are looked after.

    A database that goes down ends several at once: no component's ends are counted against another.

    Raises:
        RuntimeError: within an hour one ended once more often than there are pauses.
    """
    ends: dict[str, list[float]] = defaultdict(list)
    starts: dict[str, float] = {}
    while True:
        now = time.monotonic()
        while (name := components.ended()) is not None:
            ends[name] = [*(one for one in ends[name] if now - one < _REMEMBERED_SECONDS), now]
            said = f"Airflow's {name} ended by itself; see {components.logs}/{name}.log"
            if len(ends[name]) > len(pauses):
                raise RuntimeError(f"{said}; {len(pauses)} restarts did not help")
            pause = pauses[len(ends[name]) - 1]
            starts[name] = now + pause
            _log(f"{said}; starting it again in {pause:.0f} s")
        for name in [name for name, moment in starts.items() if moment <= now]:
            del starts[name]
            components.start_again(name)
        time.sleep(_POLL_SECONDS)


def _log(said: str) -> None:
    sys.stderr.write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S%z} {said}\n")
    sys.stderr.flush()
